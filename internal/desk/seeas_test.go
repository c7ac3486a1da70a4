package desk

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Of what somebody sees, another is shown what they see too, and told of the rest.
func TestSeenAsKeepsToTheReader(t *testing.T) {
	t.Parallel()
	call := func(id bridge.OutcomeID, note string, talk int) bridge.Outcome {
		return bridge.Outcome{ID: id, Note: note, TalkS: talk, Disposition: "refused", RawCode: "R"}
	}
	silent := call("2", "", 0)
	silent.Disposition = ""
	s := SeenAs{View: View{
		Lead: bridge.Lead{Last: "refused"},
		Card: bridge.Card{
			Fields:  map[bridge.FieldName]bridge.Value{"prospect.name": "N", "prospect.phone": "01", "account.margin": "7"},
			Context: map[string]string{"attempts": "2", "customer": "no"},
		},
		Outcomes: []bridge.Outcome{call("1", "a note", 9), call("2", "another", 9), call("3", "third", 9)},
	}}
	s.keepTo(View{
		Card:     bridge.Card{Fields: map[bridge.FieldName]bridge.Value{"prospect.name": "N", "prospect.score": "5"}},
		Outcomes: []bridge.Outcome{call("1", "a note", 9), silent},
	}, []string{"attempts"})
	bare := call("2", "", 0)
	bare.Disposition, bare.RawCode = "", ""
	want := SeenAs{
		View: View{
			Card:     bridge.Card{Fields: map[bridge.FieldName]bridge.Value{"prospect.name": "N"}, Context: map[string]string{"attempts": "2"}},
			Outcomes: []bridge.Outcome{call("1", "a note", 9), bare},
		},
		Withheld: []bridge.FieldName{"account.margin", "prospect.phone"}, Unshown: []string{"customer"}, Silenced: 2,
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestWhoSeesAsWhom(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	lead := f.mustNext("alice").Lead.ID
	got, err := f.desk.SeeAs(t.Context(), as("alice"), Seeing{As: "alice", Connection: console, Lead: lead})
	if err != nil {
		t.Fatal(err)
	}
	view, err := f.desk.Lead(as("alice"), lead)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(view, got.View); diff != "" || len(got.Withheld)+len(got.Unshown) > 0 {
		t.Errorf("her own view is another: %s", diff)
	}
	if diff := cmp.Diff([]Deed{DeedCall, DeedMeet}, got.May); diff != "" {
		t.Error(diff)
	}
	_, err = f.desk.SeeAs(t.Context(), as("alice"), Seeing{As: "sam", Connection: console, Lead: lead})
	if _, denied := errors.AsType[*Denied](err); !denied {
		t.Errorf("she sees as the supervisor: %v", err)
	}
	_, err = f.desk.SeeAs(t.Context(), as("bob"), Seeing{As: "bob", Connection: console, Lead: lead, InHand: true})
	if _, hidden := errors.AsType[*NotFound](err); !hidden {
		t.Errorf("he sees a lead that is not his by supposing it were: %v", err)
	}
	c := &command{Desk: f.desk, Rules: f.desk.Rules()}
	if other := c.inPlaceOf(as("sam")); other.role != "supervisor" || other.who != policy.SubjectOf(as("sam")) {
		t.Errorf("in sam's place: %+v", other.who)
	}
}

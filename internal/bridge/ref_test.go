package bridge_test

import (
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

// Operation ids stand in customers' CRMs: they must never change.
func TestOperationsAreStable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		connection bridge.ConnectionName
		key        string
		kind       bridge.WriteKind
		revision   int
		want       bridge.OperationID
	}{
		{"crm.main", "phoning.dialler\x00evt-1", bridge.WriteActivity, 0, "CTWUJUHZ5INKKLUPGSSYC7KAKW"},
		{"crm.main", "phoning.dialler\x00evt-1", bridge.WriteActivity, 1, "O5MIJXBE44YYAA6LLOCSQ3WSRJ"},
		{"crm.main", "phoning.dialler\x00evt-1", bridge.WriteFields, 0, "NYO4LD5OHZAAWN3YN25FBDFIG6"},
		{"crm.sellsy-paris", "é", bridge.WriteOpposition, 0, "3Z5X2FRVLVAJPXG2UOLWQ2PNXN"},
		{"", "", "", 0, "KO5KK5LGWWY6NPTJYLVOYFQ7VZ"},
	} {
		if got := bridge.Operation(c.connection, c.key, c.kind, c.revision); got != c.want {
			t.Errorf("Operation(%q, %q, %q, %d) is %q, want %q", c.connection, c.key, c.kind, c.revision, got, c.want)
		}
	}
}

// No two effects share an id, however their parts are cut.
func TestOperationsDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type effect struct {
			c bridge.ConnectionName
			k string
			w bridge.WriteKind
			r int
		}
		text := rapid.StringMatching(`[a1:\x00]{0,4}`)
		draw := func() effect {
			return effect{bridge.ConnectionName(text.Draw(t, "connection")), text.Draw(t, "key"), bridge.WriteKind(text.Draw(t, "kind")), rapid.IntRange(0, 11).Draw(t, "revision")}
		}
		a, b := draw(), draw()
		same := bridge.Operation(a.c, a.k, a.w, a.r) == bridge.Operation(b.c, b.k, b.w, b.r)
		if same != (a == b) {
			t.Fatalf("%+v and %+v: the same id %v", a, b, same)
		}
	})
}

func TestRefKeys(t *testing.T) {
	t.Parallel()
	for _, r := range []bridge.Ref{
		{Connection: "crm.main", Object: bridge.ProspectObj, ID: "42"},
		{Connection: "crm.main", Object: bridge.Account, ID: "a\x00b/é"},
		{},
	} {
		if got, err := bridge.ParseRef(r.Key()); err != nil || got != r {
			t.Errorf("%+v came back as %+v (%v)", r, got, err)
		}
	}
	for _, bad := range []string{"", "crm.main", "crm.main\x00prospect"} {
		if _, err := bridge.ParseRef(bad); err == nil {
			t.Errorf("%q is a record key", bad)
		}
	}
}

func TestUrgency(t *testing.T) {
	t.Parallel()
	order := []bridge.WriteKind{bridge.WriteOpposition, bridge.WriteMeeting, bridge.WriteActivity, bridge.WriteFields}
	for i := 1; i < len(order); i++ {
		if order[i-1].Urgency() >= order[i].Urgency() {
			t.Errorf("%s does not go before %s", order[i-1], order[i])
		}
	}
	for _, k := range []bridge.WriteKind{bridge.WriteMove, bridge.WriteCancel} {
		if k.Urgency() != bridge.WriteMeeting.Urgency() {
			t.Errorf("%s has not the urgency of an appointment", k)
		}
	}
}

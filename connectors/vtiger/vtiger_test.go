package vtiger

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/connectors/vtiger/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Rows that the server takes out of pages after counting them, whole pages of
// them, at the beginning, between and at the end, hide nobody else and end no
// read early.
func TestRowsHiddenAfterTheLimit(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 2, 7, 100} {
		s := newSite(t, fake.Options{}, "limited", "")
		var want []string
		for n := range 260 {
			id := s.lead(7, nil)
			if n < 30 || n%10 == 3 && n < 200 || n == 120 {
				if n >= 30 {
					want = append(want, id)
					continue
				}
			}
			s.Hide("limited", number(id))
		}
		ids, _, last := s.read(t, "", "", limit)
		if d := cmp.Diff(want, ids); d != "" || !last.Whole {
			t.Errorf("limit %d: whole %v (-want +got):\n%s", limit, last.Whole, d)
		}
		s.clock.later(2 * time.Minute)
		for _, id := range want[3:] {
			s.Edit(number(id), "company", "Neuve SA")
		}
		ids, gone, last := s.read(t, "", last.Cursor, limit)
		slices.Sort(ids)
		slices.Sort(want) // with the overlap, all that came just before
		if d := cmp.Diff(want, slices.Compact(ids)); d != "" || last.Whole || len(gone) > 0 {
			t.Errorf("limit %d: changes, whole %v, gone %v (-want +got):\n%s", limit, last.Whole, gone, d)
		}
	}
}

// What the server drops or stores without a word is refused here, before it is
// sent.
func TestTheBridgeEnforcesRights(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		field   bridge.FieldName
		value   bridge.Value
		says    string
		written string // the vendor's field, if it may be written
	}{
		{"locked by the profile", bridge.FieldPhone, "0699887766", "phone is locked", ""},
		{"hidden by the profile", "account.revenue", "12", "mapped to no field", ""},
		{"no value of the picklist", bridge.FieldLeadStatus, "Tiède", "none of the picklist leadstatus", ""},
		{"a value of the picklist", bridge.FieldLeadStatus, "Warm", "", "leadstatus"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, fake.Options{}, "limited", "")
			id := s.lead(7, nil)
			held, _ := s.Get(number(id))
			expected := bridge.Value(held.Fields[fields[tc.field]])
			r := s.apply(t, fieldWrite(id, tc.field, tc.value, expected))
			if tc.written != "" {
				if now, _ := s.Get(number(id)); r.Err != nil || now.Fields[tc.written] != string(tc.value) {
					t.Errorf("%+v, the CRM holds %q", r, now.Fields[tc.written])
				}
				return
			}
			if r.Err == nil || fault.Of(r.Err).Kind != fault.Rejected || !strings.Contains(r.Err.Error(), tc.says) {
				t.Errorf("%+v, want it rejected with %q", r, tc.says)
			}
			if n := s.Requests("revise"); n > 0 || strings.Contains(r.Err.Error(), string(tc.value)) {
				t.Errorf("%d requests to write; error %v", n, r.Err)
			}
		})
	}
}

// A field of a new event that the profile locks would be stored by create.
func TestNewEventsKeepToTheProfile(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "limited", "")
	w := activity(s.lead(7, nil), "e1")
	w.Kind, w.Call = bridge.WriteMeeting, nil
	w.Meeting = &bridge.Meeting{ID: "meeting-1", Slot: bridge.Slot{UTC: time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), Minutes: 30}, Place: "Lyon"}
	r := s.apply(t, w)
	if r.Err == nil || !strings.Contains(r.Err.Error(), "location is locked") || len(s.All("Events")) > 0 {
		t.Errorf("%+v, %d events", r, len(s.All("Events")))
	}
}

// A prospect that is gone and one that the key may not see are told apart, by
// words alone; an event that hung on one that is gone is taken back.
func TestGoneAndHidden(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "limited", "")
	gone, theirs := s.lead(7, nil), s.lead(1, nil)
	s.Delete(number(gone))
	for id, want := range map[string]bool{gone: true, theirs: false, "Leads:999999": true, "Potentials:3": true, "12": true} {
		r := s.apply(t, fieldWrite(id, "account.name", "x", "y"))
		if f := fault.Of(r.Err); r.Err == nil || f.Kind != fault.Rejected || f.NoRecord != want {
			t.Errorf("%s: %+v (no record %v), want no record %v", id, r.Err, f.NoRecord, want)
		}
	}
	r := s.apply(t, activity(gone, "e1"))
	if f := fault.Of(r.Err); r.Err == nil || !f.NoRecord || f.MayHaveApplied || len(s.All("Events")) > 0 {
		t.Errorf("a call for a prospect that is gone: %+v, %d events", r, len(s.All("Events")))
	}
}

// A text that the column cut is refused and put back, with what went beside it.
func TestWhatIsCutIsPutBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "passerelle", "")
	id := s.lead(1, map[string]string{"designation": "gérante & fils"})
	w := fieldWrite(id, "account.name", bridge.Value(strings.Repeat("é", 300)), "Canari SARL")
	w.Fields = append(w.Fields, bridge.FieldChange{Name: "prospect.job_title", Value: "gérante", Expected: "gérante & fils"})
	r := s.apply(t, w)
	if now, _ := s.Get(number(id)); r.Err == nil || fault.Of(r.Err).Kind != fault.Rejected || now.Fields["company"] != "Canari SARL" || now.Fields["designation"] != "gérante & fils" {
		t.Errorf("%+v, the CRM holds %d bytes and %q", r, len(now.Fields["company"]), now.Fields["designation"])
	}
}

// Members of a campaign are read whole, in every module of the prospects.
func TestCampaignMembers(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "passerelle", "prospects: [Leads, Contacts]")
	campaign := s.Put("Campaigns", 1, map[string]string{"campaignname": "Printemps"})
	var want []string
	for n := range 12 {
		id := s.lead(1, nil)
		if n%4 == 0 {
			contact := s.Put("Contacts", 1, map[string]string{"lastname": holder})
			s.Join(campaign, contact)
			want = append(want, "Contacts:"+strconv.Itoa(contact))
		}
		if n%2 == 0 {
			s.Join(campaign, number(id))
			want = append(want, id)
		}
	}
	slices.Sort(want)
	selection := "campaign: " + s.ID(campaign)
	ids, _, last := s.read(t, selection, "", 2)
	if slices.Sort(ids); cmp.Diff(want, ids) != "" || !last.Whole {
		t.Errorf("whole %v: %s", last.Whole, cmp.Diff(want, ids))
	}
	s.Leave(campaign, number(want[1]))
	ids, _, last = s.read(t, selection, last.Cursor, 5)
	if slices.Sort(ids); cmp.Diff(slices.Delete(want, 1, 2), ids) != "" || !last.Whole {
		t.Errorf("after one has left, whole %v: %v", last.Whole, ids)
	}
	if _, err := s.conn.Pull(t.Context(), connector.PullRequest{Selection: "campaign: 10x3"}); fault.Of(err).Kind != fault.Rejected {
		t.Errorf("a lead for a campaign: %v", err)
	}
}

// Deletions are told by sync at once; where it crashes, by the next whole read,
// and it is asked no more before.
func TestDeletions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options fake.Options
		more    string
		asked   int
		again   int
		atOnce  bool
	}{
		"sync":         {fake.Options{}, "", 2, 3, true},
		"sync crashes": {fake.Options{Crashes: []string{"sync"}}, "", 1, 2, false},
		"not wanted":   {fake.Options{}, "sync: false", 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, tc.options, "passerelle", tc.more)
			kept, deleted := s.lead(1, nil), s.lead(6, nil)
			_, _, last := s.read(t, "", "", 10)
			s.clock.later(time.Minute)
			s.Delete(number(deleted))
			_, gone, last := s.read(t, "", last.Cursor, 10)
			if slices.Contains(gone, deleted) != tc.atOnce || last.Whole {
				t.Errorf("gone %v", gone)
			}
			s.read(t, "", last.Cursor, 10)
			if n := s.Requests("sync"); n != tc.asked {
				t.Errorf("sync was asked %d times, want %d", n, tc.asked)
			}
			s.clock.later(25 * time.Hour)
			ids, _, last := s.read(t, "", last.Cursor, 10)
			if d := cmp.Diff([]string{kept}, ids); d != "" || !last.Whole {
				t.Errorf("a day later, whole %v: %s", last.Whole, d)
			}
			s.clock.later(time.Minute)
			s.read(t, "", last.Cursor, 10)
			if n := s.Requests("sync"); n != tc.again {
				t.Errorf("after a whole read sync was asked %d times in all, want %d", n, tc.again)
			}
		})
	}
}

// With notes in comments, whichever answer is lost, there is one event and one
// comment in the end.
func TestNotesAsComments(t *testing.T) {
	t.Parallel()
	for _, lose := range []string{"", "ModComments", "Events"} {
		s := newSite(t, fake.Options{}, "passerelle", "call: {notes: comments}\noperation_field: cf_951")
		w := activity(s.lead(1, nil), "e1")
		once := sync.OnceValue(func() bool { return true })
		s.before = func(r *http.Request) bool {
			return lose != "" && r.Form.Get("operation") == "create" && r.Form.Get("elementType") == lose && once() && s.Requests("create") <= 1
		}
		for range 3 {
			seen, err := s.conn.Find(t.Context(), []bridge.Write{w})
			if err != nil {
				t.Fatal(err)
			}
			if !seen[0].Present {
				s.apply(t, w)
			}
		}
		events, comments := s.All("Events"), s.All("ModComments")
		amended := activity(w.Prospect.ID, "e2")
		amended.Call.Revises, amended.Call.Note = w.Operation, "plutôt le jeudi"
		for range 2 {
			if r := s.apply(t, amended); r.Err != nil {
				t.Error(r.Err)
			}
		}
		if after := s.All("ModComments"); len(after) != 1 || !strings.HasPrefix(after[0].Fields["commentcontent"], amended.Call.Note) {
			t.Errorf("amended: %d comments, %v", len(after), after[0].Fields["commentcontent"])
		}
		if len(events) != 1 || len(comments) != 1 || !strings.HasPrefix(comments[0].Fields["commentcontent"], w.Call.Note) || strings.Contains(events[0].Fields["description"], w.Call.Note) {
			t.Errorf("the answer for %q was lost: %d events, %d comments", lose, len(events), len(comments))
		}
	}
}

// A session ends after a day, or after half an hour without use: a new one is
// bought once. Another program that logs in as the same user in between spoils
// one challenge, not the login.
func TestSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "passerelle", "")
	for _, later := range []time.Duration{0, 31 * time.Minute, time.Minute, 25 * time.Hour} {
		s.clock.later(later)
		if err := s.conn.Check(t.Context()); err != nil {
			t.Fatalf("after %v: %v", later, err)
		}
	}
	if s.logins != 3 {
		t.Errorf("%d logins for three sessions", s.logins)
	}
	s.EndSessions()
	meddled := false
	s.before = func(r *http.Request) bool {
		if r.Form.Get("operation") == "login" && !meddled {
			meddled = true
			s.CRM.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/webservice.php?operation=getchallenge&username=passerelle", nil))
		}
		return false
	}
	s.clock.later(time.Hour)
	if err := s.conn.Check(t.Context()); err != nil || s.logins != 4 {
		t.Errorf("%d logins, %v", s.logins, err)
	}
}

// Prefixes are the installation's: another has others.
func TestIdsAreTheInstallations(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "passerelle", "")
	id := s.lead(1, nil)
	if vendor := s.ID(number(id)); vendor != "10x"+strconv.Itoa(number(id)) {
		t.Fatalf("the fake's own id is %s", vendor)
	}
	s.Renumber("Leads", "77")
	if r := s.apply(t, fieldWrite(id, "account.name", "Neuve SA", "Canari SARL")); r.Err != nil {
		t.Error(r.Err)
	}
	if ids, _, _ := s.read(t, "", "", 10); !slices.Equal(ids, []string{id}) {
		t.Errorf("read %v", ids)
	}
}

// A campaign whose selection somebody has changed is read whole again.
func TestAnotherSelectionIsReadWhole(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "passerelle", "prospects: [Leads, Potentials]")
	hot, cold := s.lead(1, nil), s.lead(1, map[string]string{"leadstatus": "Cold"})
	deal := "Potentials:" + strconv.Itoa(s.Put("Potentials", 1, map[string]string{"potentialname": "Affaire", "sales_stage": "Prospecting"}))
	s.clock.later(time.Hour)
	_, _, last := s.read(t, "Leads: leadstatus = 'Hot'", "", 10)
	for selection, want := range map[string][]string{
		"Leads: leadstatus = 'Cold'": {cold}, "Leads: leadstatus = 'Hot'": {hot}, "Potentials: sales_stage = 'Prospecting'": {deal}, "": {hot, cold, deal},
	} {
		ids, gone, now := s.read(t, selection, last.Cursor, 10)
		if d := cmp.Diff(want, ids); d != "" || now.Whole != !strings.Contains(selection, "Hot") {
			t.Errorf("%s: whole %v, gone %v (-want +got):\n%s", selection, now.Whole, gone, d)
		}
	}
	if r := s.apply(t, activity(deal, "e1")); r.Err != nil || len(s.All("Events")) != 1 {
		t.Errorf("a call about an opportunity: %+v", r)
	}
}

// A site whose database is in another zone than the settings say shows it with
// the first event, which is taken back: every hour would be shifted.
func TestTheSitesZoneIsProved(t *testing.T) {
	t.Parallel()
	for zone, right := range map[string]bool{"UTC": false, "Europe/Paris": true} {
		s := newSite(t, fake.Options{Zone: inParis()}, "passerelle", "zone: "+zone)
		r := s.apply(t, activity(s.lead(1, nil), "e1"))
		events := s.All("Events")
		if right {
			if r.Err != nil || len(events) != 1 || events[0].Fields["time_start"] != "01:59:58" {
				t.Errorf("%s: %+v, %v", zone, r, events)
			}
			continue
		}
		f := fault.Of(r.Err)
		if r.Err == nil || f.Kind != fault.Permanent || f.MayHaveApplied || !strings.Contains(r.Err.Error(), "set zone") || len(events) != 0 {
			t.Errorf("%s: %+v, %d events", zone, r, len(events))
		}
	}
}

// Before that, the newest record tells if it was written in the future; a zone
// that nobody has set is told as unknown.
func TestTheCheckDoubtsTheZone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		more  string
		right bool
	}{{"", false}, {"zone: UTC", false}, {"zone: Europe/Paris", true}, {"zone: Africa/Nairobi", true}} {
		s := newSite(t, fake.Options{Zone: inParis()}, "passerelle", tc.more)
		if err := s.conn.Check(t.Context()); err != nil {
			t.Errorf("%q, nothing written yet: %v", tc.more, err)
		}
		s.lead(1, nil)
		err := s.conn.Check(t.Context())
		if tc.right != (err == nil) || err != nil && (fault.Of(err).Kind != fault.Permanent || !strings.Contains(err.Error(), "set zone")) {
			t.Errorf("%q: %v", tc.more, err)
		}
		c, err := s.conn.Catalogue(t.Context())
		silent := strings.Contains(strings.Join(c.Silent, "\n"), "zone of the site's database")
		if err != nil || silent != (tc.more == "") || silent != (c.Zone == "") {
			t.Errorf("%q: zone %q, silent on %v, %v", tc.more, c.Zone, c.Silent, err)
		}
	}
}

// An event that the key may not delete stays: the fault is that of the event,
// not of the deletion, and names what is left.
func TestWhatCannotBeTakenBackIsNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{Zone: inParis()}, "keeping", "zone: UTC")
	s.AddUser(fake.User{ID: 8, Login: "keeping", Key: key, Subordinates: []int{5, 6}, NoDelete: []string{"Events"}})
	r := s.apply(t, activity(s.lead(8, nil), "e1"))
	events := s.All("Events")
	if len(events) != 1 || r.Err == nil {
		t.Fatalf("%+v, %d events", r, len(events))
	}
	f, says := fault.Of(r.Err), r.Err.Error()
	if left := fmt.Sprint("Events:", events[0].Number); f.Kind != fault.Permanent || !strings.Contains(says, "set zone") || !strings.Contains(says, left) {
		t.Errorf("left %s: %v fault, %s", left, f.Kind, says)
	}
}

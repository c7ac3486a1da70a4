package vtiger

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"passerelle/connectors/vtiger/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/secret"
	"passerelle/internal/strict"
)

// site is a CRM and a connection to it.
type site struct {
	*fake.CRM
	conn   *conn
	clock  *clock
	logins int
	before func(r *http.Request) bool // sees each request first; true: its answer is lost
}

// newSite opens a connection as a user of the fake.
func newSite(t *testing.T, o fake.Options, user, more string) *site {
	t.Helper()
	s := &site{clock: &clock{}}
	o.Now = s.clock.now
	s.CRM = newCRM(o)
	s.AddUser(fake.User{
		ID: 7, Login: "limited", Key: key, Hidden: map[string][]string{"Leads": {"annualrevenue"}},
		Locked: map[string][]string{"Leads": {"phone"}, "Events": {"location"}}, Closed: []string{"Potentials"},
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() == nil && s.before != nil && s.before(r) {
			s.CRM.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		s.CRM.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	node, err := strict.Parse("settings.yaml", fmt.Appendf(nil, "url: %s\nuser: %s\naccess_key: %s\n%s\n", server.URL, user, key, more))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := open(t.Context(), connector.Env{
		Name: "crm.main", Decode: node.Decode, Fields: fields, Catalog: bridge.Standard(), Now: s.clock.now,
		HTTP: httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second}), Session: s.session(),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.conn = opened.(*conn)
	t.Cleanup(s.conn.env.HTTP.CloseIdleConnections)
	return s
}

// session is the bridge's side of it, in memory.
func (s *site) session() func(connector.Login) connector.Access {
	var mu sync.Mutex
	var held connector.Session
	return func(login connector.Login) connector.Access {
		return func(ctx context.Context, refused secret.String) (secret.String, error) {
			mu.Lock()
			defer mu.Unlock()
			if !held.Token.IsZero() && !held.Token.Equal(refused) {
				return held.Token, nil
			}
			next, err := login(ctx, held)
			if err == nil {
				held = next
				s.logins++
			}
			return next.Token, err
		}
	}
}

func (s *site) lead(owner int, more map[string]string) string {
	all := map[string]string{"lastname": holder, "company": "Canari SARL", "leadstatus": "Hot"}
	for k, v := range more {
		all[k] = v
	}
	return "Leads:" + strconv.Itoa(s.Put("Leads", owner, all))
}

// read follows a selection to the end of one read.
func (s *site) read(t *testing.T, selection, cursor string, limit int) (ids, gone []string, last connector.Page) {
	t.Helper()
	for range 500 {
		page, err := s.conn.Pull(t.Context(), connector.PullRequest{Selection: selection, Fields: []bridge.FieldName{"account.name"}, Cursor: cursor, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Prospects {
			ids = append(ids, p.Ref.ID)
		}
		if gone = append(gone, page.Gone...); !page.More {
			return ids, gone, page
		}
		cursor = page.Cursor
	}
	t.Fatal("the read has no end")
	return nil, nil, last
}

func activity(prospect, event string) bridge.Write {
	return bridge.Write{
		Operation: bridge.Operation("crm.main", event, bridge.WriteActivity, 0), Kind: bridge.WriteActivity,
		Prospect: bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: prospect},
		Call:     &bridge.CallLog{At: time.Date(2026, 3, 29, 0, 59, 58, 0, time.UTC), TalkS: 61, Technical: bridge.Answered, Disposition: bridge.DispNotInterested, Note: "ne rappeler que le mardi", Caller: "alice"},
	}
}

func fieldWrite(prospect string, name bridge.FieldName, value, expected bridge.Value) bridge.Write {
	return bridge.Write{
		Operation: bridge.Operation("crm.main", prospect+string(name), bridge.WriteFields, 0), Kind: bridge.WriteFields,
		Prospect: bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: prospect},
		Fields:   []bridge.FieldChange{{Name: name, Value: value, Expected: expected}},
	}
}

func (s *site) apply(t *testing.T, w bridge.Write) connector.Receipt {
	t.Helper()
	return s.conn.Apply(t.Context(), []bridge.Write{w})[0]
}

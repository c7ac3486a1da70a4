package console

import (
	"cmp"
	"errors"
	"net/http"
	"sync"

	"passerelle/internal/identity"
	"passerelle/internal/store"
)

// flashes are lines that the next page of a session begins with. They are lost
// with the process: what they tell of is kept elsewhere.
type flashes struct {
	mu  sync.Mutex
	of  map[string]told
	old map[string]told
}

// told is a notice on a page.
type told struct {
	notice
	Undo string // the act that it tells of, if that can be undone
	Part string // the id of the part of the form that it is about, "" for none
}

// flashesAtMost bounds how many wait to be read.
const flashesAtMost = 1000

func (f *flashes) put(session string, n told) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil || len(f.of) >= flashesAtMost {
		f.of, f.old = map[string]told{}, f.of
	}
	f.of[session] = n
}

func (f *flashes) take(session string) *told {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, of := range []map[string]told{f.of, f.old} {
		if n, ok := of[session]; ok {
			delete(of, session)
			return &n
		}
	}
	return nil
}

// flash is said on top of the next page.
func (v *visit) flash(kind, text string) {
	v.flashes.put(v.session.ID, told{notice: notice{kind, text}})
}

// flashAct is said of a command that can be undone, with the button for it.
func (v *visit) flashAct(text, act string) {
	v.flashes.put(v.session.ID, told{notice: notice{"done", text}, Undo: act})
}

// fail answers an error as a page. What is an error of ours is logged, and its
// text stays inside.
func (v *visit) fail(err error) {
	status, text, known := v.wrong(err)
	if why, refused := store.Refused(err); refused {
		status, text, known = http.StatusServiceUnavailable, v.look.words.text("error.store")+" "+why.In(v.look.lang), true
	}
	if !known {
		id := identity.RequestID(v.r.Context())
		v.opts.Log.Error("a page failed", "request", id, "err", err)
		status, text = http.StatusInternalServerError, v.look.words.text("error.ours", id)
	}
	if shown := v.showWith(status, "error", &notice{"wrong", text}, nil); shown != nil {
		v.opts.Log.Error("a page failed", "request", identity.RequestID(v.r.Context()), "err", errors.Join(err, shown))
		http.Error(v.w, cmp.Or(text, http.StatusText(status)), status)
	}
}

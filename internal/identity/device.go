package identity

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// device is a browser in which somebody has signed in.
type device struct {
	First  time.Time `json:"first"`
	Seen   time.Time `json:"seen"` // signing in
	Client string    `json:"client,omitempty"`
	Agent  string    `json:"agent,omitempty"`
	Known  bool      `json:"known,omitempty"` // the first one, or they have said that it is theirs
}

// devices are found by their person and the hash of what the browser holds.
var devices = store.NewTable[device]("identity.devices")

const (
	deviceCookie      = "__Host-passerelle-device"
	deviceCookieLocal = "passerelle-device"
	// deviceLasts is how long a browser is known that does not come back.
	deviceLasts = 400 * 24 * time.Hour
	// deviceTold is how long browsers that came later are told of a new one.
	deviceTold = 24 * time.Hour
)

func deviceName(r *http.Request) string {
	if local(r) {
		return deviceCookieLocal
	}
	return deviceCookie
}

// DeviceCookie is what a browser keeps what we know it by in. It opens nothing.
func DeviceCookie(r *http.Request, device string) *http.Cookie {
	return &http.Cookie{
		Name: deviceName(r), Value: device, Path: "/", MaxAge: int(deviceLasts / time.Second),
		HttpOnly: true, Secure: !local(r), SameSite: http.SameSiteLaxMode,
	}
}

// Device is what we know the browser by, "" for nothing.
func Device(r *http.Request) string {
	found := r.CookiesNamed(deviceName(r))
	if len(found) != 1 || len(found[0].Value) != keyLength {
		return ""
	}
	return found[0].Value
}

func deviceKey(who bridge.PersonID, id string) string { return string(who) + "\x00" + id }

// meet notes that somebody signs in with a browser, and answers what we know it
// by from now on and the name that we give it. One that was never there before
// is in the access log; the first of all is nobody else's.
func (a *Accounts) meet(tx *store.Tx, who bridge.PersonID, v Visitor, now time.Time) (name, id string, err error) {
	name = v.Device
	if name == "" {
		name = newKey()
	}
	id = hidden(name)[:handle]
	d, met, err := devices.Get(tx, deviceKey(who, id))
	if err != nil {
		return "", "", err
	}
	if !met {
		d = device{First: now, Known: true, Client: text(v.Client), Agent: short(v.Agent)}
		for range devices.Scan(tx, deviceKey(who, ""), "") {
			d.Known = false
			break
		}
	}
	if !met && !d.Known {
		if err := enter(tx, Access{At: now, What: NewDevice, Person: who, Client: d.Client}); err != nil {
			return "", "", err
		}
	}
	d.Seen = now
	return name, id, devices.Put(tx, deviceKey(who, id), d)
}

// Stranger is a browser in which somebody has signed in with an account for the
// first time.
type Stranger struct {
	ID            string
	First         time.Time
	Client, Agent string
	Mine          bool // whoever asks may say that it is theirs: their browser was there before
}

// Strangers are the browsers of which the owner of a session does not know yet,
// the newest first: those that came after the session's, and for a day those
// that came before it. No browser is asked about itself.
func (a *Accounts) Strangers(s Session) (out []Stranger, err error) {
	err = a.opts.Store.View(func(tx *store.Tx) error {
		own, _, err := devices.Get(tx, deviceKey(s.Person, s.Device))
		if err != nil {
			return err
		}
		return devices.Each(tx, deviceKey(s.Person, ""), "", func(key string, d device) (bool, error) {
			id := key[len(deviceKey(s.Person, "")):]
			older := own.First.Before(d.First)
			if !d.Known && id != s.Device && (older || a.opts.Now().Sub(d.First) < deviceTold) {
				out = append(out, Stranger{ID: id, First: d.First, Client: d.Client, Agent: d.Agent, Mine: older})
			}
			return true, nil
		})
	})
	slices.SortFunc(out, func(a, b Stranger) int { return b.First.Compare(a.First) })
	return out, err
}

// ErrNoDevice is a browser of which there is nothing to say.
var ErrNoDevice = errors.New("there is no such new device")

// stranger finds a browser that the owner of the session may speak of.
func (a *Accounts) stranger(s Session, id string) (Stranger, error) {
	all, err := a.Strangers(s)
	if err != nil {
		return Stranger{}, err
	}
	for _, d := range all {
		if d.ID == id {
			return d, nil
		}
	}
	return Stranger{}, ErrNoDevice
}

// Own says that a new device is the session's owner's own: nobody is told of it
// any more.
func (a *Accounts) Own(ctx context.Context, s Session, id string) error {
	d, err := a.stranger(s, id)
	if err == nil && !d.Mine {
		err = ErrNoDevice
	}
	if err != nil {
		return err
	}
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		known, ok, err := devices.Get(tx, deviceKey(s.Person, id))
		if err != nil || !ok {
			return errors.Join(err, ErrNoDevice)
		}
		known.Known = true
		if err := devices.Put(tx, deviceKey(s.Person, id), known); err != nil {
			return err
		}
		return enter(tx, Access{At: a.opts.Now().UTC(), What: Owned, Person: s.Person, Client: s.Client})
	})
}

// Disown says that it was somebody else: it ends every session but the one of
// key, and the password, which somebody knows, opens no other until it is
// changed.
func (a *Accounts) Disown(ctx context.Context, actor bridge.Actor, s Session, key, id string) error {
	if _, err := a.stranger(s, id); err != nil {
		return err
	}
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		acc, ok, err := accounts.Get(tx, string(s.Person))
		if err != nil || !ok {
			return errors.Join(err, ErrNoSession)
		}
		// Who signs in elsewhere has no password that another could know.
		acc.Renew = acc.Hash != "" && a.opts.ByPassword(s.Person)
		if err := accounts.Put(tx, string(s.Person), acc); err != nil {
			return err
		}
		if err := errors.Join(devices.Delete(tx, deviceKey(s.Person, id)), endAll(tx, s.Person, key), endFeed(tx, s.Person)); err != nil {
			return err
		}
		if err := enter(tx, Access{At: a.opts.Now().UTC(), What: Disowned, Person: s.Person, Client: s.Client}); err != nil {
			return err
		}
		return a.opts.Note(tx, actor, "disown device", s.Person, "")
	})
}

// forgetDevices erases the browsers that have not come back for long.
func forgetDevices(tx *store.Tx, now time.Time) (int, error) {
	return eraseDevices(tx, "", func(d device) bool { return now.Sub(d.Seen) > deviceLasts })
}

// forgetDevicesOf erases those of somebody.
func forgetDevicesOf(tx *store.Tx, who bridge.PersonID) error {
	_, err := eraseDevices(tx, deviceKey(who, ""), func(device) bool { return true })
	return err
}

func eraseDevices(tx *store.Tx, prefix string, which func(device) bool) (n int, err error) {
	var over []string
	err = devices.Each(tx, prefix, "", func(key string, d device) (bool, error) {
		if which(d) {
			over = append(over, key)
		}
		return true, nil
	})
	for _, key := range over {
		if err := devices.Delete(tx, key); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

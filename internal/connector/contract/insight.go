package contract

import (
	"context"
	"errors"
	"slices"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// insight checks what the connection tells of its CRM.
func (h Harness) insight(t *testing.T) {
	o := h.open(t)
	if is[connector.Namer](o) {
		t.Run("names", h.names)
	}
	checks := map[string]func(*testing.T){
		"catalogue": h.catalogue, "rights": h.rights, "people": h.people, "busy": h.diary, "appointments": h.calendar, "remove": h.remover,
	}
	for _, q := range insights(o) {
		t.Run(q.name, checks[q.name])
	}
}

// is says whether the connection implements an interface.
func is[T any](o *opened) bool {
	_, ok := o.Conn.(T)
	return ok
}

// unsupported says whether the connection's settings leave a question out: it
// fails so even where nothing could be asked.
func unsupported(run func(ctx context.Context) error) bool {
	ended, end := context.WithCancel(context.Background())
	end()
	return errors.Is(run(ended), errors.ErrUnsupported)
}

func (o *opened) catalogued(t *testing.T) connector.Catalogue {
	t.Helper()
	c, err := o.Conn.(connector.Cataloguer).Catalogue(t.Context())
	if err != nil {
		t.Fatalf("catalogue: %v", err)
	}
	return c
}

func (h Harness) catalogue(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	c := o.catalogued(t)
	for _, name := range o.Fields.Names() {
		object, f, there := c.Field(o.Fields[name])
		if def, _ := o.env.Catalog.Def(name); !there || object.Object == "" {
			t.Errorf("%s is mapped to %q, which is not in the catalogue", name, o.Fields[name])
		} else if f.Type == "" || !slices.Contains(bridge.FieldTypes(), f.Type) {
			t.Errorf("%s (%s): type %q", f.Name, def.Type, f.Type)
		}
	}
	objects := map[string]bool{}
	for _, object := range c.Objects {
		if object.Name == "" || objects[object.Name] {
			t.Errorf("object %q has no name, or that of another", object.Name)
		}
		objects[object.Name] = true
		h.sound(t, object)
	}
	if !slices.ContainsFunc(c.Objects, func(v connector.VendorObject) bool { return v.Object == bridge.ProspectObj }) {
		t.Error("no object serves prospects")
	}
	if !c.Clock.IsZero() && o.Later == nil && (c.Clock.Sub(o.now()).Abs() > patience) {
		t.Errorf("its clock shows %v", c.Clock)
	}
	if c.System == "" {
		t.Error("the catalogue does not say what system it is of")
	}
}

// sound checks one object of a catalogue.
func (h Harness) sound(t *testing.T, object connector.VendorObject) {
	t.Helper()
	if object.Object != "" && !slices.Contains(bridge.Objects(), object.Object) {
		t.Errorf("%s serves %q, which is no object of ours", object.Name, object.Object)
	}
	fields := map[string]bool{}
	for _, f := range object.Fields {
		if f.Name == "" || fields[f.Name] {
			t.Errorf("%s: field %q has no name, or that of another", object.Name, f.Name)
		}
		fields[f.Name] = true
		values := map[string]bool{}
		for _, c := range f.Choices {
			if values[c.Value] {
				t.Errorf("%s.%s: the value %q stands twice", object.Name, f.Name, c.Value)
			}
			values[c.Value] = true
		}
		if f.Closed && len(f.Choices) == 0 {
			t.Errorf("%s.%s takes no value at all", object.Name, f.Name)
		}
	}
}

// names checks that what the settings of a good connection name is there.
func (h Harness) names(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	if o.proxy != nil {
		before := o.proxy.requests()
		o.Conn.(connector.Namer).Names()
		if o.proxy.requests() != before {
			t.Error("telling what the settings name asks the CRM")
		}
	}
	var c connector.Catalogue
	if is[connector.Cataloguer](o) {
		c = o.catalogued(t)
	}
	var people connector.People
	if is[connector.PeopleLister](o) {
		people = o.peopled(t)
	}
	for _, n := range o.Conn.(connector.Namer).Names() {
		switch {
		case n.Setting == "" || (n.Field == "") == (n.User == ""):
			t.Errorf("%+v names no setting, or not one thing", n)
		case n.User != "":
			if !slices.ContainsFunc(people.Users, func(u connector.User) bool { return u.ID == n.User }) {
				t.Errorf("%s names user %s, who is not among the people", n.Setting, n.User)
			}
		case !h.has(c, n):
			t.Errorf("%+v is not in the catalogue", n)
		}
	}
}

func (h Harness) has(c connector.Catalogue, n connector.Named) bool {
	for _, object := range c.Objects {
		for _, f := range object.Fields {
			if object.Name == n.Object && f.Name == n.Field {
				return n.Value == "" || slices.ContainsFunc(f.Choices, func(c connector.Choice) bool { return c.Value == n.Value })
			}
		}
	}
	return false
}

func (o *opened) rightsOf(t *testing.T, user string) connector.Rights {
	t.Helper()
	r, err := o.Conn.(connector.RightsTeller).Rights(t.Context(), user)
	if err != nil {
		t.Fatalf("rights of %q: %v", user, err)
	}
	return r
}

// rights checks those of the connection's key against what it can do.
func (h Harness) rights(t *testing.T) {
	o := h.open(t)
	c, r := o.catalogued(t), o.rightsOf(t, "")
	for name, of := range r.Objects {
		at := slices.IndexFunc(c.Objects, func(v connector.VendorObject) bool { return v.Name == name })
		if at < 0 {
			t.Errorf("rights on %q, which is not in the catalogue", name)
			continue
		}
		for field := range of.Fields {
			if !slices.ContainsFunc(c.Objects[at].Fields, func(f connector.VendorField) bool { return f.Name == field }) {
				t.Errorf("rights on %s.%s, which is not in the catalogue", name, field)
			}
		}
	}
	for _, name := range o.Fields.Names() {
		if read, _ := mayField(c, r, o.Fields[name]); read == connector.No {
			t.Errorf("%s is read by every pull, but the rights say no", name)
		}
	}
	for _, user := range o.CRM.Users { // whom the CRM may not tell of
		if _, err := o.Conn.(connector.RightsTeller).Rights(t.Context(), user); err != nil && fault.Of(err).Kind != fault.Rejected {
			t.Errorf("rights of user %s: %v", user, err)
		}
	}
	_, err := o.Conn.(connector.RightsTeller).Rights(t.Context(), "no-such-user")
	if err == nil || fault.Of(err).Kind != fault.Rejected {
		t.Errorf("rights of nobody: want it rejected, got %v", err)
	}
	if o.CRM.Screen.Freeze != nil {
		t.Run("frozen field", h.frozen)
	}
}

// mayField is what rights say of a mapped field.
func mayField(c connector.Catalogue, r connector.Rights, name string) (read, write connector.May) {
	if r.Admin {
		return connector.Yes, connector.Yes
	}
	object, field, _ := c.Field(name)
	of := r.OnField(object.Name, field.Name)
	return of.Read, of.Write
}

// frozen takes the right to write a field from the key: the rights tell it, and a
// write is refused whole, whatever the system itself would let through.
func (h Harness) frozen(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	id, field := o.CRM.Prospects[0], o.CRM.Texts[0]
	held := o.CRM.Get(id, field)
	o.CRM.Screen.Freeze(field)
	if _, write := mayField(o.catalogued(t), o.rightsOf(t, ""), o.Fields[field]); write != connector.No {
		t.Errorf("the key may not write %s, but its rights say %q", field, write)
	}
	o.Conn = o.again(t) // what was known of the rights may be kept for a while
	r := o.apply(t, o.change(id, field, fieldCanary, held))
	if r.State != connector.Failed || !slices.Contains([]fault.Kind{fault.Rejected, fault.Permanent}, fault.Of(r.Err).Kind) {
		t.Errorf("a write that the key has no right to: %+v", r)
	}
	o.harmless(t, r.Err, fieldCanary)
	if got := o.CRM.Get(id, field); got != held {
		t.Errorf("it was written: %q", got)
	}
}

func (o *opened) peopled(t *testing.T) connector.People {
	t.Helper()
	p, err := o.Conn.(connector.PeopleLister).People(t.Context())
	if err != nil {
		t.Fatalf("people: %v", err)
	}
	return p
}

func (h Harness) people(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	if o.CRM.Screen.Retire == nil {
		t.Fatal("nobody can leave at the world's screen")
	}
	p := o.peopled(t)
	users, teams := map[string]connector.User{}, map[string]bool{}
	for _, team := range p.Teams {
		if team.ID == "" || teams[team.ID] {
			t.Errorf("team %+v has no id, or that of another", team)
		}
		teams[team.ID] = true
	}
	for _, u := range p.Users {
		if _, twice := users[u.ID]; twice || u.ID == "" {
			t.Errorf("a user has no id, or that of another: %q", u.ID)
		}
		users[u.ID] = u
		for _, id := range u.Teams {
			if !teams[id] {
				t.Errorf("user %s is in team %q, which is not listed", u.ID, id)
			}
		}
	}
	for _, id := range o.CRM.Users {
		if u, there := users[id]; !there || !u.Active {
			t.Errorf("user %s: listed %v, active %v", id, there, u.Active)
		}
	}
	o.CRM.Screen.Retire(o.CRM.Users[1])
	for _, u := range o.peopled(t).Users {
		if u.ID == o.CRM.Users[1] && u.Active {
			t.Error("somebody who has left is still active")
		}
	}
}

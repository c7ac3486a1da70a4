package console

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// workPage is a lead on somebody's line.
type workPage struct {
	ID       bridge.LeadID
	Campaign bridge.Campaign
	Over     bool   // it is not on their line any more
	Keyless  bool   // the reader has turned the keys of one character off
	Wrong    string // the part of the form that was not understood
	Here     string // the page's address
	Until    string
	face
	Script    string
	Keys      []choice // on keys 1 to 9
	Others    []choice
	Fields    []input
	Meeting   bool
	Sellers   []bridge.Person
	Lengths   []string          // of an appointment, in minutes
	Form      map[string]string // as typed so far
	Key       string            // names the answer: the same one twice has one effect
	Person    bridge.PersonID
	Slots     *slots
	Typed     string // when the draft was kept
	LeaseEnds int64  // Unix seconds
}

type choice struct {
	Code bridge.Disposition
	Key  int // 0 for none
	On   bool
}

type input struct {
	Name     bridge.FieldName
	Label    string
	Was, Now string
	Kind     string // of the HTML input
	Proposed bool
	Values   []string
}

// keyed are the outcomes on the keys 1 to 9, the most frequent first.
var keyed = []bridge.Disposition{
	"no_answer", "voicemail", bridge.DispCallback, bridge.DispNotInterested, bridge.DispAppointmentSet,
	"info_sent", "wrong_number", "refused", bridge.DispOptOut,
}

// work shows the lead on somebody's line, or one that a supervisor looks at.
func (c *Console) work(v *visit) error { return v.workWith(http.StatusOK, nil, nil) }

// workWith shows the lead with a form as it was just typed; nil is the draft.
func (v *visit) workWith(status int, n *notice, form map[string]string) error {
	w, err := v.opts.Desk.Work(v.actor, bridge.LeadID(v.param("id")))
	if err != nil {
		return err
	}
	shut := v.shut() != nil
	if shut { // they may correct what they report, and read nothing
		w.View, w.Script = desk.View{Lead: w.Lead}, ""
	}
	if form == nil {
		form = w.Draft.Form
	}
	if form == nil {
		form = map[string]string{}
	}
	page := workPage{
		ID: w.Lead.ID, Campaign: w.Campaign, Over: w.LeaseUntil.IsZero(), Keyless: v.keyless(), Wrong: v.wrongPart, Script: w.Script, Meeting: w.Meeting,
		Lengths: []string{"30", "60", "90"}, Form: form, Key: cmp.Or(form["key"], rand.Text()), Person: v.actor.Person.ID, LeaseEnds: w.LeaseUntil.Unix(),
	}
	page.Here = "/work/" + url.PathEscape(string(w.Lead.ID))
	if !w.Draft.At.IsZero() {
		page.Typed = v.look.moment(w.Draft.At.In(v.zone), v.now.In(v.zone))
	}
	if !page.Over {
		page.Until = v.look.moment(w.LeaseUntil.In(v.zone), v.now.In(v.zone))
		page.face = v.faceOf(w.View)
	}
	v.fillForm(&page, w)
	if shut {
		return v.showWith(status, "work", n, page)
	}
	if page.Slots, err = v.slotsOf(w, form); err != nil {
		return err
	}
	return v.showWith(status, "work", n, page)
}

// fillForm makes what the caller may record.
func (v *visit) fillForm(page *workPage, w desk.Work) {
	chosen := bridge.Disposition(page.Form["disposition"])
	may := func(d bridge.Disposition) bool { return d != bridge.DispAppointmentSet || w.Meeting }
	for _, d := range keyed {
		if may(d) {
			page.Keys = append(page.Keys, choice{d, len(page.Keys) + 1, d == chosen})
		}
	}
	for _, info := range bridge.Dispositions() {
		if may(info.Code) && info.Class != bridge.ClassTransient && info.Code != bridge.DispTest && !slices.Contains(keyed, info.Code) {
			page.Others = append(page.Others, choice{info.Code, 0, info.Code == chosen})
		}
	}
	for _, name := range w.Write {
		page.addInput(v, w, name, false)
	}
	for _, name := range w.Propose {
		page.addInput(v, w, name, true)
	}
	if w.Meeting {
		page.Sellers = v.opts.Desk.Salespeople(w.Campaign.CRM, v.opts.People())
	}
}

// kinds are the HTML inputs of field types; any other is text.
var kinds = map[bridge.FieldType]string{bridge.Email: "email", bridge.Phone: "tel", bridge.Date: "date", bridge.Integer: "number"}

// addInput adds a field of the prospect that may be changed. What follows from
// the outcome by itself, and the moment of a date, are not typed.
func (p *workPage) addInput(v *visit, w desk.Work, name bridge.FieldName, proposed bool) {
	def := v.def(name)
	if name == bridge.FieldStatus || def.Type == bridge.DateTime || name.Object() == bridge.Activity || name.Object() == bridge.Appointment {
		return
	}
	in := input{
		Name: name, Label: def.Label(v.look.lang), Was: string(w.Card.Fields[name]), Kind: cmp.Or(kinds[def.Type], "text"),
		Proposed: proposed, Values: def.Values,
	}
	in.Now = in.Was
	if typed, ok := p.Form["field."+string(name)]; ok {
		in.Now = typed
		in.Was = p.Form["was."+string(name)]
	}
	if def.Type == bridge.Boolean {
		in.Values = []string{"", "true", "false"}
	}
	p.Fields = append(p.Fields, in)
}

// typed is the form of a lead as it was posted, by the names of its parts.
func (v *visit) typed() (map[string]string, error) {
	if err := v.r.ParseForm(); err != nil {
		return nil, &desk.Invalid{Part: "note", Why: bilingual.Same(v.look.words.text("error.too_long"))}
	}
	if p := v.form("person"); p != string(v.actor.Person.ID) {
		return nil, &desk.Clash{Why: bilingual.Same(v.look.words.text("work.another"))}
	}
	out := map[string]string{}
	for name := range v.r.PostForm {
		if text := strings.ReplaceAll(v.r.PostFormValue(name), "\r\n", "\n"); text != "" || name == "note" || isField(name) {
			out[name] = text
		}
	}
	delete(out, "then")
	delete(out, "person")
	return out, nil
}

func isField(name string) bool { return len(name) > 6 && (name[:6] == "field." || name[:4] == "was.") }

// draft keeps what was typed so far; asked by a button it goes back to the page.
func (c *Console) draft(v *visit) error {
	form, err := v.typed()
	if err != nil {
		return err
	}
	id := bridge.LeadID(v.param("id"))
	until, err := c.opts.Desk.KeepDraft(v.r.Context(), v.actor, id, form)
	if err != nil {
		return err
	}
	if v.r.Header.Get("X-In-Page") == "" {
		v.redirect("/work/" + url.PathEscape(string(id)) + "#" + cmp.Or(v.form("then"), "note"))
		return nil
	}
	if !until.IsZero() {
		v.w.Header().Set("X-Lease-Until", until.UTC().Format(time.RFC3339))
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// release puts the lead back that somebody does not call.
func (c *Console) release(v *visit) error {
	if err := c.opts.Desk.Release(v.r.Context(), v.actor, bridge.LeadID(v.param("id"))); err != nil {
		return err
	}
	v.flash("done", v.look.words.text("work.released"))
	v.redirect("/call")
	return nil
}

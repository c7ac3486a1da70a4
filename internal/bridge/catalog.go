package bridge

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The canonical fields that the bridge itself gives a meaning to.
const (
	FieldProspectName  FieldName = "prospect.name"
	FieldPhone         FieldName = "prospect.phone"
	FieldMobile        FieldName = "prospect.mobile"
	FieldStatus        FieldName = "prospect.status"      // the call's view; callers write it
	FieldLeadStatus    FieldName = "prospect.lead_status" // the pipeline's; callers propose it
	FieldAccountStatus FieldName = "account.status"       // structural; callers never touch it
	FieldOwner         FieldName = "prospect.owner"
	FieldTerritory     FieldName = "prospect.territory"
	FieldDoNotCall     FieldName = "prospect.do_not_call"
	FieldNote          FieldName = "activity.note"
	FieldDisposition   FieldName = "activity.disposition"
	FieldDuration      FieldName = "activity.duration"
	FieldStart         FieldName = "appointment.start"
	FieldSubject       FieldName = "appointment.subject"
	FieldPlace         FieldName = "appointment.place"
	FieldWith          FieldName = "appointment.with"
)

// Catalog is the set of fields a bridge knows: the standard ones and the
// customer's own. A field that is not in it does not exist.
type Catalog struct {
	defs  map[FieldName]FieldDef
	names []FieldName
}

var fieldPattern = regexp.MustCompile(`^[a-z]+\.[a-z][a-z0-9_]*$`)

// Standard is the catalog of the fields that every installation has.
func Standard() Catalog {
	c := Catalog{defs: make(map[FieldName]FieldDef, len(standard))}
	for _, d := range standard {
		c.defs[d.Name] = d
	}
	c.sortNames()
	return c
}

// With is the catalog and some more fields. A standard field may be given
// again to change its class, labels or values, not its type. A customer's own
// field must be named object.x_something; one without a class is confidential,
// one without a type is text.
func (c Catalog) With(defs ...FieldDef) (Catalog, error) {
	out := Catalog{defs: make(map[FieldName]FieldDef, len(c.defs)+len(defs))}
	for k, v := range c.defs {
		out.defs[k] = v
	}
	for _, d := range defs {
		if err := out.add(d); err != nil {
			return c, err
		}
	}
	out.sortNames()
	return out, nil
}

func (c *Catalog) add(d FieldDef) error {
	old, known := c.defs[d.Name]
	if !known {
		switch {
		case !fieldPattern.MatchString(string(d.Name)) || !slices.Contains(Objects(), d.Name.Object()):
			return fmt.Errorf("field %q: a name is object.field in lower case, the object one of %v", d.Name, Objects())
		case !strings.HasPrefix(d.Name.Base(), "x_"):
			return fmt.Errorf("field %q: not a standard field; your own are named %s.x_%s", d.Name, d.Name.Object(), d.Name.Base())
		}
		old = FieldDef{Name: d.Name, Type: Text, Class: Confidential}
	}
	if d.Type != "" {
		if known && d.Type != old.Type {
			return fmt.Errorf("field %q: its type is %s everywhere", d.Name, old.Type)
		}
		if !slices.Contains(FieldTypes(), d.Type) {
			return fmt.Errorf("field %q: type %q is none of %v", d.Name, d.Type, FieldTypes())
		}
		old.Type = d.Type
	}
	if d.Class != "" {
		if !slices.Contains(Classes(), d.Class) {
			return fmt.Errorf("field %q: class %q is none of %v", d.Name, d.Class, Classes())
		}
		old.Class = d.Class
	}
	if d.Values != nil {
		old.Values = d.Values
	}
	if d.EN != "" {
		old.EN = d.EN
	}
	if d.FR != "" {
		old.FR = d.FR
	}
	c.defs[d.Name] = old
	return nil
}

func (c *Catalog) sortNames() {
	c.names = c.names[:0]
	for name := range c.defs {
		c.names = append(c.names, name)
	}
	slices.Sort(c.names)
}

// Def says what a field is.
func (c Catalog) Def(name FieldName) (FieldDef, bool) {
	d, ok := c.defs[name]
	return d, ok
}

// DefOrText is what a field is, or a text where that is not known.
func (c Catalog) DefOrText(name FieldName) FieldDef {
	if d, ok := c.defs[name]; ok {
		return d
	}
	return FieldDef{Name: name, Type: Text}
}

// Names lists the fields in alphabetical order. The caller must not change it.
func (c Catalog) Names() []FieldName { return c.names }

var standard = []FieldDef{
	{Name: "account.name", Type: Text, Class: Public, EN: "Company", FR: "Société"},
	{Name: "account.registration", Type: Text, Class: Public, EN: "Registration number", FR: "SIRET"},
	{Name: "account.sector", Type: Text, Class: Public, EN: "Sector", FR: "Secteur"},
	{Name: "account.headcount", Type: Integer, Class: Public, EN: "Headcount", FR: "Effectif"},
	{Name: "account.website", Type: Text, Class: Public, EN: "Website", FR: "Site web"},
	{Name: FieldAccountStatus, Type: Text, Class: Structural, EN: "Account status", FR: "Statut du compte"},
	{Name: "account.owner", Type: Text, Class: Structural, EN: "Account owner", FR: "Responsable du compte"},
	{Name: "account.revenue", Type: Decimal, Class: Financial, EN: "Revenue", FR: "Chiffre d'affaires"},
	{Name: "account.margin", Type: Decimal, Class: Financial, EN: "Margin", FR: "Marge"},
	{Name: "account.priority", Type: Text, Class: Confidential, EN: "Strategic priority", FR: "Priorité stratégique"},
	{Name: "account.confidential_note", Type: Text, Class: Confidential, EN: "Confidential note", FR: "Note confidentielle"},
	{Name: FieldProspectName, Type: Text, Class: Public, EN: "Name", FR: "Nom"},
	{Name: "prospect.first_name", Type: Text, Class: Personal, EN: "First name", FR: "Prénom"},
	{Name: "prospect.last_name", Type: Text, Class: Personal, EN: "Last name", FR: "Nom de famille"},
	{Name: "prospect.job_title", Type: Text, Class: Public, EN: "Job title", FR: "Fonction"},
	{Name: FieldPhone, Type: Phone, Class: Personal, EN: "Phone", FR: "Téléphone"},
	{Name: FieldMobile, Type: Phone, Class: Personal, EN: "Mobile", FR: "Mobile"},
	{Name: "prospect.email", Type: Email, Class: Personal, EN: "E-mail", FR: "E-mail"},
	{Name: "prospect.street", Type: Text, Class: Personal, EN: "Street", FR: "Rue"},
	{Name: "prospect.postal_code", Type: Text, Class: Public, EN: "Postal code", FR: "Code postal"},
	{Name: "prospect.city", Type: Text, Class: Public, EN: "City", FR: "Ville"},
	{Name: "prospect.country", Type: Text, Class: Public, EN: "Country", FR: "Pays"},
	{Name: "prospect.zone", Type: Text, Class: Public, EN: "Time zone", FR: "Fuseau horaire"},
	{Name: "prospect.language", Type: Text, Class: Public, EN: "Language", FR: "Langue"},
	{Name: "prospect.origin", Type: Text, Class: Commercial, EN: "Lead origin", FR: "Origine du lead"},
	{Name: "prospect.segment", Type: Text, Class: Commercial, EN: "Segment", FR: "Segment"},
	{Name: "prospect.score", Type: Integer, Class: Commercial, EN: "Score", FR: "Score"},
	{Name: "prospect.opt_in", Type: Boolean, Class: Commercial, EN: "Opt-in", FR: "Opt-in"},
	{Name: FieldDoNotCall, Type: Boolean, Class: Public, EN: "Do not call", FR: "Ne pas appeler"},
	{Name: FieldStatus, Type: Text, Class: Commercial, EN: "Prospect status", FR: "Statut du prospect"},
	{Name: FieldLeadStatus, Type: Text, Class: Structural, EN: "Lead status", FR: "Statut du lead"},
	{Name: FieldOwner, Type: Text, Class: Structural, EN: "Owner", FR: "Propriétaire"},
	{Name: FieldTerritory, Type: Text, Class: Structural, EN: "Territory", FR: "Territoire"},
	{Name: "prospect.next_action", Type: Text, Class: Commercial, EN: "Next action", FR: "Prochaine action"},
	{Name: "prospect.comment", Type: Text, Class: Commercial, EN: "Comment", FR: "Commentaire"},
	{Name: "prospect.last_disposition", Type: Text, Class: Commercial, EN: "Last outcome", FR: "Dernier résultat"},
	{Name: "prospect.attempts", Type: Integer, Class: Commercial, EN: "Attempts", FR: "Tentatives"},
	{Name: "opportunity.stage", Type: Text, Class: Structural, EN: "Stage", FR: "Étape"},
	{Name: "opportunity.amount", Type: Decimal, Class: Financial, EN: "Amount", FR: "Montant"},
	{Name: FieldNote, Type: Text, Class: Commercial, EN: "Call note", FR: "Note d'appel"},
	{Name: FieldDisposition, Type: Text, Class: Commercial, EN: "Outcome", FR: "Résultat d'appel"},
	{Name: FieldDuration, Type: Integer, Class: Commercial, EN: "Call duration", FR: "Durée d'appel"},
	{Name: FieldStart, Type: DateTime, Class: Commercial, EN: "Appointment", FR: "Rendez-vous"},
	{Name: FieldSubject, Type: Text, Class: Commercial, EN: "Subject", FR: "Objet"},
	{Name: FieldPlace, Type: Text, Class: Personal, EN: "Place", FR: "Lieu"},
	{Name: FieldWith, Type: Text, Class: Public, EN: "Salesperson", FR: "Commercial"},
}

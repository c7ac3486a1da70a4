package dolibarr

import (
	"regexp"
	"strings"

	"passerelle/internal/bridge"
)

// property is a property of a third party as the API spells it.
type property struct {
	label    string
	kind     bridge.FieldType
	form     form
	size     int  // longest text, in characters (rich: bytes); 0: no text
	readOnly bool // set by Dolibarr alone
}

const (
	propStatus = "stcomm_id"
	// propOpposed is the connector's own name for one value of the status, so that
	// it can be mapped beside the status itself.
	propOpposed = "do_not_contact"
	extra       = "options_" // before the code of an extra field
	extras      = "array_options"
)

// properties are those that the API both shows and takes by the same name, and
// a few that it only shows. Sizes are those of Dolibarr's own tables.
var properties = map[string]property{
	"name":                 {"Name", bridge.Text, formPlain, 128, false},
	"name_alias":           {"Alias", bridge.Text, formPlain, 128, false},
	"address":              {"Address", bridge.Text, formStrict, 255, false},
	"zip":                  {"Postal code", bridge.Text, formStrict, 25, false},
	"town":                 {"Town", bridge.Text, formStrict, 50, false},
	"state_id":             {"State or department, by id", bridge.Integer, formStrict, 11, false},
	"country_id":           {"Country, by id", bridge.Integer, formStrict, 11, false},
	"phone":                {"Phone", bridge.Phone, formStrict, 30, false},
	"phone_mobile":         {"Mobile phone", bridge.Phone, formStrict, 30, false},
	"fax":                  {"Fax", bridge.Phone, formStrict, 30, false},
	"email":                {"E-mail", bridge.Email, formStrict, 128, false},
	"url":                  {"Web site", bridge.Text, formStrict, 255, false},
	"idprof1":              {"Professional id 1 (SIREN in France)", bridge.Text, formStrict, 128, false},
	"idprof2":              {"Professional id 2 (SIRET in France)", bridge.Text, formStrict, 128, false},
	"idprof3":              {"Professional id 3 (NAF in France)", bridge.Text, formStrict, 128, false},
	"idprof4":              {"Professional id 4 (RCS in France)", bridge.Text, formStrict, 128, false},
	"idprof5":              {"Professional id 5", bridge.Text, formStrict, 128, false},
	"idprof6":              {"Professional id 6", bridge.Text, formStrict, 128, false},
	"tva_intra":            {"VAT number", bridge.Text, formStrict, 20, false},
	"capital":              {"Capital", bridge.Decimal, formStrict, 24, false},
	"typent_id":            {"Type of company, by id", bridge.Integer, formStrict, 11, false},
	"effectif_id":          {"Staff, by id", bridge.Integer, formStrict, 11, false},
	"forme_juridique_code": {"Legal form, by code", bridge.Integer, formStrict, 11, false},
	"note_private":         {"Private note", bridge.Text, formRich, 65535, false},
	"note_public":          {"Public note", bridge.Text, formRich, 65535, false},
	"ref_ext":              {"External reference", bridge.Text, formStrict, 255, false},
	"fk_prospectlevel":     {"Prospect level", bridge.Enum, formStrict, 12, false},
	propOpposed:            {"Prospect status do not contact", bridge.Boolean, formStrict, 0, false},
	propStatus:             {"Prospect status, by id", bridge.Enum, formStrict, 11, false},
	"status":               {"Open (1) or closed (0)", bridge.Boolean, formStrict, 1, true},
	"client":               {"0 none, 1 customer, 2 prospect, 3 both", bridge.Integer, formStrict, 1, true},
	"code_client":          {"Customer code", bridge.Text, formStrict, 24, true},
	"country_code":         {"Country, by code", bridge.Text, formStrict, 3, true},
	"default_lang":         {"Language", bridge.Text, formStrict, 6, true},
	"date_creation":        {"Created", bridge.DateTime, formStrict, 0, true},
	"date_modification":    {"Changed", bridge.DateTime, formStrict, 0, true},
	"user_creation_id":     {"Created by, the user's id", bridge.Text, formStrict, 0, true},
	"user_modification_id": {"Changed by, the user's id", bridge.Text, formStrict, 0, true},
}

// unreadable is what an integrator may look for and Dolibarr does not tell.
var unreadable = map[string]string{
	"representatives": "is not told by Dolibarr 22 (its route answers 404 for every record): map an extra field that holds the owner",
	"commercial_id":   "is taken by Dolibarr and never shown: map an extra field that holds the owner",
	"siren":           "is shown as idprof1: map that",
	"siret":           "is shown as idprof2: map that",
}

var extraName = regexp.MustCompile(`^options_[a-z][a-z0-9_]{0,63}$`)

// propertyOf is what is known of a property. Of an extra field that is its
// name alone: Dolibarr cleans it as any short text, and its size is the site's.
func propertyOf(vendor string) (property, bool) {
	if extraName.MatchString(vendor) {
		return property{label: strings.TrimPrefix(vendor, extra), kind: bridge.Text, form: formStrict}, true
	}
	p, known := properties[vendor]
	return p, known
}

// column is the property that holds what a mapping names.
func column(vendor string) string {
	switch {
	case vendor == propOpposed:
		return propStatus
	case strings.HasPrefix(vendor, extra):
		return extras
	}
	return vendor
}

// levels are the prospect levels that Dolibarr ships with.
var levels = []string{"PL_NONE", "PL_LOW", "PL_MEDIUM", "PL_HIGH"}

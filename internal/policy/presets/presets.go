package presets

import "embed"

//go:embed *.yaml
var files embed.FS

// Preset is a policy to begin with.
type Preset struct {
	Name string `json:"name"`
	EN   string `json:"en"` // whom it is for
	FR   string `json:"fr"`
}

var all = []Preset{
	{
		Name: "jobphoning-3",
		EN:   "independent caller, mission manager and sales direction, as contributor, reader and administrator of a CRM",
		FR:   "téléopérateur indépendant, responsable de mission et direction commerciale, comme contributeur, lecteur et administrateur d'un CRM",
	},
	{
		Name: "nocrm-3",
		EN:   "user, team lead and administrator, as noCRM has them",
		FR:   "utilisateur, chef d'équipe et administrateur, comme dans noCRM",
	},
	{
		Name: "plateau-6",
		EN:   "caller, supervisor, field sales, marketing, direction and DPO around a call floor",
		FR:   "téléopérateur, responsable de plateau, commercial terrain, marketing, direction et DPO autour d'un plateau d'appels",
	},
	{
		Name: "vtiger",
		EN:   "a tree of roles, defaults of the organisation and sharing rules, as vtiger has them",
		FR:   "un arbre de rôles, des partages par défaut et des règles de partage, comme dans vtiger",
	},
}

// All lists the presets in alphabetical order.
func All() []Preset { return append([]Preset(nil), all...) }

// Names lists their names.
func Names() []string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Name
	}
	return names
}

// Text is the policy's text, comments included; false if there is no preset of
// that name.
func Text(name string) ([]byte, bool) {
	for _, p := range all {
		if p.Name == name {
			text, err := files.ReadFile(name + ".yaml")
			return text, err == nil
		}
	}
	return nil, false
}

// About says whom it is for: in French if lang is "fr", else in English.
func (p Preset) About(lang string) string {
	if lang == "fr" {
		return p.FR
	}
	return p.EN
}

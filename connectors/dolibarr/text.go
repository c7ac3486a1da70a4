package dolibarr

import (
	"html"
	"regexp"
	"strings"
)

// form is what Dolibarr does to a text on its way in.
type form int

// The forms, with the name that its source has for the cleaning.
const (
	formPlain  form = iota // nohtml: tags go, entities are decoded, spaces close up
	formStrict             // alphanohtml: quotes, ../ and some backslashes go as well
	formRich               // restricthtml: kept as HTML, & < > as entities
)

// write is the nearest text that passes the cleaning unchanged. Notes and labels
// are sent so; a field whose text is not the same afterwards is not written.
// Characters outside the basic plane become □: where the database is utf8, as
// Dolibarr's own installer makes it, MariaDB refuses them.
func (f form) write(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(basic, text)
	if f == formRich {
		return strings.TrimSpace(escape.Replace(handlers.ReplaceAllString(text, "$1＝")))
	}
	text = angles.Replace(text)
	text = entity.ReplaceAllString(text, "＆$1")
	if f == formStrict {
		text = dangers.Replace(text)
		text = octal.ReplaceAllString(text, "＼$1")
	}
	return single(text)
}

// read is the text that a stored one shows.
func (f form) read(stored string) string {
	if f == formRich && !tag.MatchString(stored) {
		stored = html.UnescapeString(stored)
	}
	return strings.TrimSpace(stored)
}

var (
	escape  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	angles  = strings.NewReplacer("<", "‹", ">", "›")
	dangers = strings.NewReplacer(`"`, "”", "../", "…/", `..\`, `…\`)
	entity  = regexp.MustCompile(`&(#|quot|[A-Za-z][A-Za-z0-9]*;)`)
	octal   = regexp.MustCompile(`\\([0-9xu])`)
	tag     = regexp.MustCompile(`<[A-Za-z/!]`)

	// handlers are the names of HTML's events, which go with the = behind them.
	handlers = regexp.MustCompile(`(?i)(on(?:mouse|drag|key|load|touch|pointer|select|transition|abort|after|animation|auxclick|before|blur|` +
		`cancel|canplay|change|click|close|contextmenu|cuechange|copy|cut|dblclick|drop|durationchange|emptied|end|ended|error|focus|formdata|` +
		`gotpointercapture|hashchange|input|invalid|lostpointercapture|offline|online|pagehide|pageshow|paste|pause|play|progress|ratechange|` +
		`reset|resize|scroll|search|seek|show|stalled|start|submit|suspend|timeupdate|toggle|unload|volumechange|waiting|wheel|repeat|begin|finish)[a-z]*\s*)=`)
)

// basic drops what Dolibarr drops and replaces what its database refuses.
func basic(r rune) rune {
	switch {
	case r >= 0x200B && r <= 0x200D, r == 0xFEFF:
		return -1
	case r > 0xFFFF:
		return '□'
	}
	return r
}

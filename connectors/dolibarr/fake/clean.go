package fake

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

var (
	lineBreak = regexp.MustCompile(`(?i)<br[^>]*>`)
	tags      = regexp.MustCompile(`<[^<>]+>`)
	openTag   = regexp.MustCompile(`(?i)<+([a-z]+)`)
	octal     = regexp.MustCompile(`\\([0-9xu])`)
	numeric   = regexp.MustCompile(`(?i)&#x?[0-9]+;?`)
	zeroWidth = regexp.MustCompile("[\u200b-\u200d\ufeff]")
	handler   = regexp.MustCompile(`(?i)on(mouse|key|load|click|change|focus|blur|error|submit|select|show|end|start|play|search|reset|paste|copy|cut|drop|input|scroll|toggle)[a-z]*\s*=`)
	danger    = regexp.MustCompile(`(?i)\.\./|\.\.\\|&#38|&#0000038|&#x26|&quot|"|&#34|&#0000034|&#x22|&#47|&#0000047|&#x2F|&#92|&#0000092|&#x5C`)
	kept      = regexp.MustCompile(`(?i)^(</?(b|i|u|em|strong|p|br|div|span|ul|ol|li|h[1-6])>|&[a-z]+;|[^<>&]+)`) // of HTML
	escape    = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// noHTML is how names are cleaned.
func noHTML(text string) string {
	text = html.UnescapeString(lineBreak.ReplaceAllString(text, "\n"))
	text = strings.ReplaceAll(strings.ReplaceAll(text, "< ", "__ltspace__"), "<:", "__lttwopoints__")
	for before := ""; before != text; {
		before = text
		text = tags.ReplaceAllString(strings.ReplaceAll(text, "<>", ""), "")
	}
	text = html.UnescapeString(openTag.ReplaceAllString(text, "$1"))
	for strings.Index(text, "  ") > 0 {
		text = strings.ReplaceAll(text, "  ", " ")
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "__ltspace__", "< "), "__lttwopoints__", "<:")
	return strings.TrimSpace(text)
}

// alphaNoHTML is how most texts are cleaned.
func alphaNoHTML(text string) string {
	for before := "\x00"; before != text; {
		before = text
		text = danger.ReplaceAllString(octal.ReplaceAllString(noHTML(text), "/$1"), "")
	}
	return text
}

// restrictHTML is how notes are cleaned: they are HTML, and plain text becomes
// it.
func restrictHTML(text string) string {
	text = zeroWidth.ReplaceAllString(text, " ")
	text = numeric.ReplaceAllString(text, "")
	text = handler.ReplaceAllString(text, "")
	var b strings.Builder
	for len(text) > 0 {
		whole := kept.FindString(text)
		if whole == "" {
			b.WriteString(escape.Replace(text[:1]))
			text = text[1:]
		}
		b.WriteString(whole)
		text = text[len(whole):]
	}
	return strings.TrimSpace(b.String())
}

// taken is a value of a body as a text, cleaned as a property of that name is.
func taken(property string, value any) string {
	text := ""
	switch v := value.(type) {
	case nil:
	case string:
		text = v
	case bool:
		if v {
			text = "1"
		}
	case float64:
		text = strings.TrimSuffix(fmt.Sprintf("%f", v), ".000000")
	default:
		text = fmt.Sprint(v)
	}
	switch property {
	case "name", "name_alias":
		return noHTML(text)
	case "note_private", "note_public":
		return restrictHTML(text)
	}
	return alphaNoHTML(text)
}

// refusedByDatabase is what MariaDB says of a text for a column, "" if it takes
// it. size is in characters.
func refusedByDatabase(column, text string, size int) string {
	for _, r := range text {
		if r > 0xFFFF {
			return fmt.Sprintf(`Incorrect string value: '\xF0\x9F...' for column %s at row 1`, "`dolibarr`.`llx_societe`.`"+column+"`")
		}
	}
	if n := len([]rune(text)); size > 0 && n > size {
		return fmt.Sprintf("Data too long for column '%s' at row 1", column)
	}
	return ""
}

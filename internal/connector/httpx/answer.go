package httpx

import (
	"cmp"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// How much of a vendor's refusal is read and kept.
const (
	maxRefusal = 8 << 10
	maxText    = 200
	minValue   = 3 // shorter texts that were sent are not looked for
)

// readAnswer takes the vendor's code, field and words out of a refusal.
func readAnswer(resp *http.Response) *Answer {
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	var body any
	if json.Unmarshal(raw, &body) != nil {
		return &Answer{Status: resp.StatusCode}
	}
	return Refusal(resp, body)
}

// Refusal takes the vendor's code, field and words out of the JSON body of an
// answer that says no, whatever its status: some do under 200. What the request
// carried is left out of them.
func Refusal(resp *http.Response, body any) *Answer {
	a := &Answer{Status: resp.StatusCode}
	said := refusalOf(body)
	sent := sentIn(resp.Request)
	if identifier.MatchString(said.code) && !slices.Contains(sent, said.code) {
		a.Code = said.code
	}
	a.Text = blank(said.text, sent)
	if identifier.MatchString(said.field) && !slices.Contains(sent, said.field) {
		a.Text = strings.TrimSuffix("field "+said.field+": "+a.Text, ": ")
	}
	return a
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

type refusal struct{ code, field, text string }

// refusalOf looks under the keys that vendors use, at the top, under "error"
// or in the first of "errors".
func refusalOf(body any) refusal {
	switch b := body.(type) {
	case []any:
		if len(b) > 0 {
			return refusalOf(b[0])
		}
	case map[string]any:
		for _, key := range []string{"error", "errors"} {
			if r := refusalOf(b[key]); r != (refusal{}) {
				return r
			}
		}
		return refusal{
			code:  firstText(b, "code", "errorCode", "error_code", "type", "category", "error"),
			field: firstText(b, "field", "attribute", "property", "param"),
			text:  firstText(b, "message", "error_description", "description", "detail", "title"),
		}
	}
	return refusal{}
}

func firstText(m map[string]any, keys ...string) string {
	for _, k := range keys {
		if s, ok := m[k].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

var (
	quoted = regexp.MustCompile(`"[^"]*"?|(^|\s)'[^']*'?|«[^»]*»?|“[^”]*”?|` + "`[^`]*`?")
	plain  = regexp.MustCompile(`^\(?(\p{Ll}[\p{L}\d_’'-]{0,23}|\d{1,3})[,.;:!?)]*$`)
	opener = regexp.MustCompile(`(?i)^(unknown|invalid|missing|required|unsupported|duplicate|bad|no|not|cannot|unable|failed|too|must|the|this|a|an|field|value|record|resource|request|access|permission|object|property|attribute|internal|rate|api|token|champ|valeur|le|la|les|un|une|requête|accès|enregistrement|aucun|impossible)[,:]?$`)
)

// blank keeps a vendor's plain words and puts "…" for the rest: what was sent,
// what stands in quotes, names, addresses, numbers of more than three digits.
func blank(text string, sent []string) string {
	for _, s := range sent {
		text = strings.ReplaceAll(text, s, " … ")
	}
	text = quoted.ReplaceAllString(text, " … ")
	var out strings.Builder
	blanked := false
	for i, word := range strings.Fields(text) {
		keep := plain.MatchString(word) || (i == 0 && opener.MatchString(word))
		if !keep && blanked {
			continue
		}
		if out.Len()+len(word) > maxText {
			break
		}
		if blanked = !keep; blanked {
			word = "…"
		}
		out.WriteString(word + " ")
	}
	return strings.TrimSpace(out.String())
}

// sentIn lists the values that a request carried in its headers, query and
// body (JSON or a form), longest first.
func sentIn(req *http.Request) []string {
	if req == nil {
		return nil
	}
	var sent []string
	for name, values := range req.Header {
		if name == "Accept" || name == "Content-Type" || name == "User-Agent" {
			continue
		}
		for _, v := range values {
			sent = append(append(sent, v), strings.Fields(v)...)
		}
	}
	for _, values := range req.URL.Query() {
		sent = append(sent, values...)
	}
	sent = append(sent, sentInBody(req)...)
	sent = slices.DeleteFunc(sent, func(s string) bool { return utf8.RuneCountInString(s) < minValue })
	slices.SortFunc(sent, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return sent
}

func sentInBody(req *http.Request) []string {
	if req.GetBody == nil {
		return nil
	}
	reader, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer reader.Close()
	if kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		return sentInForm(reader)
	}
	decoder := json.NewDecoder(reader)
	decoder.UseNumber()
	var body any
	if decoder.Decode(&body) != nil {
		return nil
	}
	return leaves(body, nil)
}

// sentInForm lists a form's values, and what stands inside those that are JSON.
func sentInForm(body io.Reader) (sent []string) {
	raw, _ := io.ReadAll(body)
	form, _ := url.ParseQuery(string(raw))
	for _, values := range form {
		for _, v := range values {
			sent = append(sent, v)
			var inner any
			if json.Unmarshal([]byte(v), &inner) == nil {
				sent = leaves(inner, sent)
			}
		}
	}
	return sent
}

func leaves(v any, out []string) []string {
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case json.Number:
		out = append(out, v.String())
	case []any:
		for _, inner := range v {
			out = leaves(inner, out)
		}
	case map[string]any:
		for _, inner := range v {
			out = leaves(inner, out)
		}
	}
	return out
}

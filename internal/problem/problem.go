package problem

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"passerelle/internal/bilingual"
)

// MediaType is that of a problem document.
const MediaType = "application/problem+json"

// Item is one thing that is wrong with a request's body.
type Item struct {
	Pointer string `json:"pointer"` // RFC 6901; "" is the whole body
	Detail  string `json:"detail"`  // for people; holds no value
	French  string `json:"-"`       // Detail in French, "" where only English is known
}

// Problem is a problem document. It is also an error, and what huma calls a
// StatusError with headers and a content type of its own.
type Problem struct {
	Type       string        `json:"type,omitempty"` // a URI; "" means about:blank: the status says it all
	Title      string        `json:"title"`
	Status     int           `json:"status"`
	Detail     string        `json:"detail,omitempty"`
	Instance   string        `json:"instance,omitempty"` // the request's path
	Errors     []Item        `json:"errors,omitempty"`
	NextLawful time.Time     `json:"next_lawful,omitzero"` // with 409: when the call may be made
	NotBefore  time.Time     `json:"not_before,omitzero"`  // with 403 and 429: when it may be asked again
	RetryAfter time.Duration `json:"-"`                    // sent as Retry-After, in whole seconds, rounded up
	French     string        `json:"-"`                    // Detail in French, "" where only English is known
	Language   string        `json:"-"`                    // that Detail is in; "" is English
}

// New is a problem of any status from 400 on, with the status's own title.
func New(status int, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// BadRequest is 400: the request cannot be read, or does not fit its schema.
func BadRequest(detail string, items ...Item) *Problem {
	p := New(http.StatusBadRequest, detail)
	p.Errors = items
	return p
}

// Unauthorized is 401: who asks is not known.
func Unauthorized(detail string) *Problem { return New(http.StatusUnauthorized, detail) }

// Forbidden is 403: who asks may not.
func Forbidden(detail string) *Problem { return New(http.StatusForbidden, detail) }

// Shut is 403 for who may ask again at another time; the zero time is not known.
func Shut(detail string, notBefore time.Time) *Problem {
	p := Forbidden(detail)
	p.NotBefore = notBefore.UTC()
	return p
}

// NotFound is 404, also for what who asks may not see.
func NotFound(detail string) *Problem { return New(http.StatusNotFound, detail) }

// Conflict is 409: it cannot be done as things stand.
func Conflict(detail string) *Problem { return New(http.StatusConflict, detail) }

// NotBefore is 409 for a call that may not be made yet, with the next lawful
// moment.
func NotBefore(at time.Time, detail string) *Problem {
	p := Conflict(detail)
	p.NextLawful = at.UTC()
	return p
}

// TooLarge is 413: the body exceeds limit, in bytes.
func TooLarge(limit int64) *Problem {
	return New(http.StatusRequestEntityTooLarge, "").Says(bilingual.Text{
		"the body is longer than {limit} bytes", "la demande dépasse {limit} octets",
	}.With("{limit}", limit))
}

// TooManyRequests is 429: try again after some time.
func TooManyRequests(after time.Duration) *Problem {
	p := New(http.StatusTooManyRequests, "").Says(bilingual.Text{
		"too many requests; wait as Retry-After says", "trop de demandes ; attendez comme le dit Retry-After",
	})
	p.RetryAfter = max(after, time.Second)
	return p
}

// Unavailable is 503: nothing was kept, try again after some time.
func Unavailable(detail string, after time.Duration) *Problem {
	p := New(http.StatusServiceUnavailable, detail)
	p.RetryAfter = max(after, time.Second)
	return p
}

// Internal is 500. Its cause belongs in the log only.
func Internal() *Problem {
	return New(http.StatusInternalServerError, "").Says(bilingual.Text{
		"an error of ours; it is in the log", "une erreur de notre fait ; elle est dans le journal",
	})
}

// Says gives the problem its detail in both languages.
func (p *Problem) Says(detail bilingual.Text) *Problem {
	p.Detail, p.French = detail.In(bilingual.English), detail.In(bilingual.French)
	return p
}

// In is the problem in a language, as far as it is known in it.
func (p *Problem) In(lang string) *Problem {
	if lang != bilingual.French || p.French == "" {
		return p
	}
	out := *p
	out.Detail, out.Language, out.Errors = p.French, lang, slices.Clone(p.Errors)
	for i, item := range out.Errors {
		out.Errors[i].Detail = cmp.Or(item.French, item.Detail)
	}
	return &out
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is [MediaType], whatever was negotiated.
func (p *Problem) ContentType(string) string { return MediaType }

// GetHeaders is what the answer's headers say beside its body.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{"Content-Language": {cmp.Or(p.Language, bilingual.English)}}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	return h
}

// Write answers r with the problem, in the language that it asks for. An empty
// Instance becomes the request's path, without its query.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	p = p.In(bilingual.Asked(r.Header.Get("Accept-Language")))
	out := *p
	if out.Instance == "" {
		out.Instance = r.URL.EscapedPath()
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)                // people read it, and no browser takes it for a page
	if err := enc.Encode(out); err != nil { // only a time of year 10000 and later
		http.Error(w, p.Title, p.Status)
		return
	}
	h := w.Header()
	for name, values := range p.GetHeaders() {
		h[name] = values
	}
	h.Del("Content-Length") // of the answer that was meant to be
	h.Set("Content-Type", MediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body.Bytes()) // the client may be gone
}

package fake

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// MaxBody is the longest push taken, in bytes.
const MaxBody = 8 << 20

// Options is what a platform needs.
type Options struct {
	Secret string   // that signs pushes: whsec_ and base64
	Lists  []string // the lists it has; none: any name is a list
	Now    func() time.Time
}

// Card is a card on a list, as it arrived.
type Card struct {
	List       string            `json:"list"`
	Campaign   string            `json:"campaign"`
	Lead       string            `json:"lead"`
	ProspectID string            `json:"prospect_id"`
	Role       string            `json:"role"`
	Policy     string            `json:"policy"`
	Fields     map[string]string `json:"fields"`
	Context    map[string]string `json:"context"`
}

// Platform is an [http.Handler] that takes pushes. It is safe for concurrent use.
type Platform struct {
	key   []byte
	lists []string
	now   func() time.Time

	mu       sync.Mutex
	cards    map[string]map[string]Card // by list, then lead
	breaks   []Break
	requests int
	changes  int
}

// New makes a platform with empty lists.
func New(o Options) (*Platform, error) {
	key, err := signingKey(o.Secret)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Platform{key: key, lists: o.Lists, now: o.Now, cards: map[string]map[string]Card{}}, nil
}

// Break is one misbehaviour. The zero Break answers as it should.
type Break struct {
	Status     int           // answer this instead of carrying the push out
	RetryAfter time.Duration // with Status, in whole seconds
	Body       string        // with Status; "" is an error in our form
	Drop       bool          // reset the connection instead of answering
	After      bool          // carry the push out first, then break
}

// Break makes the next requests misbehave, one each.
func (p *Platform) Break(breaks ...Break) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.breaks = append(p.breaks, breaks...)
}

// Cards is what a list holds, by lead.
func (p *Platform) Cards(list string) map[string]Card {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.cards[list])
}

// Requests counts the requests that arrived, whatever became of them.
func (p *Platform) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// Changes counts the items that changed a list: a repeat changes nothing.
func (p *Platform) Changes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changes
}

// ServeHTTP takes one push.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := p.nextBreak()
	if now != (Break{}) && !now.After {
		now.answer(w)
		return
	}
	status, answer := p.take(r)
	if now.After {
		now.answer(w)
		return
	}
	writeJSON(w, status, answer)
}

func (p *Platform) nextBreak() Break {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	if len(p.breaks) == 0 {
		return Break{}
	}
	next := p.breaks[0]
	p.breaks = p.breaks[1:]
	return next
}

func (b Break) answer(w http.ResponseWriter) {
	if b.Drop {
		reset(w)
		return
	}
	if b.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(b.RetryAfter/time.Second)))
	}
	if b.Body != "" {
		w.WriteHeader(b.Status)
		_, _ = io.WriteString(w, b.Body)
		return
	}
	writeJSON(w, b.Status, failure("unavailable", "not now"))
}

// reset closes the connection so that the client sees a reset, not an end.
func reset(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	c, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// take checks a push and carries it out.
func (p *Platform) take(r *http.Request) (status int, answer any) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, failure("method", "post cards")
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		return http.StatusUnsupportedMediaType, failure("content_type", "send application/json")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return http.StatusBadRequest, failure("body", "the body ended early")
	}
	if len(body) > MaxBody {
		return http.StatusRequestEntityTooLarge, failure("too_large", "send fewer cards at a time")
	}
	if err := checkSignature(p.key, r.Header, body, p.now()); err != nil {
		return http.StatusUnauthorized, failure("signature", err.Error())
	}
	items, err := readItems(body)
	if err != nil {
		return http.StatusBadRequest, failure("invalid", err.Error())
	}
	refused := p.apply(items)
	if len(refused) > 0 {
		return http.StatusMultiStatus, map[string]any{"errors": refused}
	}
	return http.StatusOK, map[string]any{}
}

// apply carries the items out in order and lists those it refuses.
func (p *Platform) apply(items []item) []refusal {
	p.mu.Lock()
	defer p.mu.Unlock()
	var refused []refusal
	for i, it := range items {
		if err := it.check(); err != nil {
			refused = append(refused, refusal{i, "invalid", err.Error()})
			continue
		}
		if p.lists != nil && !slices.Contains(p.lists, it.List) {
			refused = append(refused, refusal{i, "unknown_list", fmt.Sprintf("there is no list %q", it.List)})
			continue
		}
		p.put(it)
	}
	return refused
}

func (p *Platform) put(it item) {
	held, on := p.cards[it.List][it.Lead]
	if it.Type == "card.withdraw" {
		if on {
			delete(p.cards[it.List], it.Lead)
			p.changes++
		}
		return
	}
	if on && held.equal(it.Card) {
		return
	}
	if p.cards[it.List] == nil {
		p.cards[it.List] = map[string]Card{}
	}
	p.cards[it.List][it.Lead] = it.Card
	p.changes++
}

func (c Card) equal(o Card) bool {
	return c.List == o.List && c.Campaign == o.Campaign && c.Lead == o.Lead && c.ProspectID == o.ProspectID &&
		c.Role == o.Role && c.Policy == o.Policy && maps.Equal(c.Fields, o.Fields) && maps.Equal(c.Context, o.Context)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func failure(code, message string) any {
	return map[string]any{"error": map[string]string{"code": code, "message": message}}
}

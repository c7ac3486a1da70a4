package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// dialler is the platform that takes the cards: it writes down each prospect's
// first one as it arrived.
type dialler struct {
	key    *standardwebhooks.Webhook
	listen net.Listener
	server *http.Server

	mu    sync.Mutex
	cards *lines
	met   map[string]bool // prospects
}

// listenAt opens the dialler's address; port 0 is any free one.
func listenAt(host string) (net.Listener, error) {
	l, err := net.Listen("tcp", host)
	if err != nil {
		return nil, fmt.Errorf("the dialler's address: %w", err)
	}
	return l, nil
}

// startDialler serves until Close, which closes the listener and the file too.
func startDialler(l net.Listener, secret, path string) (*dialler, error) {
	key, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	cards, err := createLines(path)
	if err != nil {
		return nil, err
	}
	d := &dialler{key: key, listen: l, cards: cards, met: map[string]bool{}}
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = d.server.Serve(l) }() // ends with Close
	return d, nil
}

// Close ends the dialler and writes the rest of its cards.
func (d *dialler) Close() error {
	err := d.server.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(err, d.cards.Close())
}

// count is how many prospects have a card.
func (d *dialler) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.met)
}

// maxPush bounds a push, in bytes.
const maxPush = 8 << 20

// pushed is the body of a push.
type pushed struct {
	Items []struct {
		Type       string          `json:"type"`
		ProspectID string          `json:"prospect_id"`
		Role       string          `json:"role"`
		Policy     string          `json:"policy"`
		Fields     json.RawMessage `json:"fields"`
	} `json:"items"`
}

// card is a line of cards.jsonl.
type card struct {
	ProspectID string          `json:"prospect_id"`
	Role       string          `json:"role"`
	Policy     string          `json:"policy"`
	Fields     json.RawMessage `json:"fields"`
}

func (d *dialler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	if err != nil {
		http.Error(w, "the body is too long or ended early", http.StatusRequestEntityTooLarge)
		return
	}
	if err := d.key.Verify(body, r.Header); err != nil {
		http.Error(w, "the signature does not match", http.StatusUnauthorized)
		return
	}
	var message pushed
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&message); err != nil {
		http.Error(w, "not a push", http.StatusBadRequest)
		return
	}
	if err := d.take(message); err != nil {
		http.Error(w, "the cards could not be kept", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (d *dialler) take(message pushed) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, it := range message.Items {
		if it.Type != "card.push" || d.met[it.ProspectID] {
			continue
		}
		if err := d.cards.write(card{it.ProspectID, it.Role, it.Policy, it.Fields}); err != nil {
			return err
		}
		d.met[it.ProspectID] = true
	}
	return nil
}

package identity

import (
	"sync/atomic"

	"passerelle/internal/bridge"
)

// People is the directory in force. Each question is answered by one whole
// directory, also while a reload replaces it.
type People struct{ current atomic.Pointer[Directory] }

// NewPeople begins with a directory.
func NewPeople(d *Directory) *People {
	p := &People{}
	p.Use(d)
	return p
}

// Use replaces the directory from the next question on.
func (p *People) Use(d *Directory) { p.current.Store(d) }

// Directory is the one in force.
func (p *People) Directory() *Directory { return p.current.Load() }

// ByLogin finds somebody by their login on a phoning connection.
func (p *People) ByLogin(c bridge.ConnectionName, name string) (bridge.Person, bool) {
	return p.Directory().ByLogin(c, name)
}

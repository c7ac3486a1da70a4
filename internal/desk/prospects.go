package desk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// prospectTable keeps prospects by their ref's key, each in a compact form: a
// campaign has a million of them, and a page of leads reads fifty.
//
//	form modified read_at count {name value}
//
// Times are microseconds since 1970, 0 for none; a name is its number in
// fieldNumbers, or 0 and the name itself; texts have their length before them.
// All numbers are varints.
type prospectTable struct{ store.Raw }

var prospects = prospectTable{store.NewRaw("desk.prospects")}

const compactForm = 1

var errCompact = errors.New("cut short")

// Get reads a prospect; false if there is none.
func (t prospectTable) Get(tx *store.Tx, key string) (bridge.Prospect, bool, error) {
	raw, ok := t.Raw.Get(tx, key)
	if !ok {
		return bridge.Prospect{}, false, nil
	}
	p, err := decodeProspect(key, raw)
	if err != nil {
		return p, false, fmt.Errorf("the store's table of prospects holds a record that cannot be read: %w", err)
	}
	return p, true, nil
}

// row reads a prospect as it lies there, "" if there is none.
func (t prospectTable) row(tx *store.Tx, key string) row {
	raw, _ := t.Raw.Get(tx, key)
	return row(raw)
}

// Put sets a prospect.
func (t prospectTable) Put(tx *store.Tx, key string, p bridge.Prospect) error {
	return t.Raw.Put(tx, key, encodeProspect(p))
}

// encodeProspect is the compact form: the same for the same prospect.
func encodeProspect(p bridge.Prospect) []byte {
	size := 32
	for name, value := range p.Fields {
		size += len(value) + 4
		if fieldNumbers[name] == 0 {
			size += len(name)
		}
	}
	out := append(make([]byte, 0, size), compactForm)
	out = binary.AppendVarint(out, micros(p.Modified))
	out = binary.AppendVarint(out, micros(p.ReadAt))
	out = binary.AppendUvarint(out, uint64(len(p.Fields)))
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		n := fieldNumbers[name]
		out = binary.AppendUvarint(out, uint64(n))
		if n == 0 {
			out = appendText(out, string(name))
		}
		out = appendText(out, string(p.Fields[name]))
	}
	return out
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func decodeProspect(key string, raw []byte) (bridge.Prospect, error) {
	var p bridge.Prospect
	var err error
	if p.Ref, err = bridge.ParseRef(key); err != nil {
		return p, err
	}
	r := compact{text: string(raw)}
	if form := r.uvarint(); form != compactForm {
		return p, fmt.Errorf("its form %d is not known", form)
	}
	p.Modified, p.ReadAt = moment(r.varint()), moment(r.varint())
	count := r.uvarint()
	if count > uint64(len(raw)) {
		return p, errCompact
	}
	p.Fields = make(map[bridge.FieldName]bridge.Value, count)
	for range count {
		name := r.name()
		p.Fields[name] = bridge.Value(r.bytes(r.uvarint()))
	}
	if r.short {
		return p, errCompact
	}
	return p, nil
}

// compact reads the compact form. What it gives out are parts of one string.
type compact struct {
	text  string
	at    int
	short bool // the text ended too early, or a number has no end
}

func (r *compact) uvarint() uint64 {
	if n := r.small(); n >= 0 {
		return uint64(n)
	}
	return r.longUvarint()
}

// small reads a number of one byte, as most are; -1 is a longer one.
func (r *compact) small() int {
	if r.at < len(r.text) && r.text[r.at] < 0x80 {
		r.at++
		return int(r.text[r.at-1])
	}
	return -1
}

func (r *compact) longUvarint() uint64 {
	var n uint64
	for shift := 0; shift < 64 && r.at < len(r.text); shift += 7 {
		b := r.text[r.at]
		r.at++
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.short = true
	return 0
}

func (r *compact) varint() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *compact) bytes(n uint64) string {
	if n > uint64(len(r.text)-r.at) {
		r.short = true
		return ""
	}
	r.at += int(n)
	return r.text[r.at-int(n) : r.at]
}

func (r *compact) name() bridge.FieldName {
	n := r.uvarint()
	if n == 0 {
		return bridge.FieldName(r.bytes(r.uvarint()))
	}
	if n > uint64(len(numberedFields)) {
		r.short = true
		return ""
	}
	return numberedFields[n-1]
}

// numberedFields are the standard fields under the numbers that stores know them
// by. A new one goes to the end; none may ever be moved or taken out.
var numberedFields = []bridge.FieldName{
	"account.confidential_note", "account.headcount", "account.margin", "account.name",
	"account.owner", "account.priority", "account.registration", "account.revenue",
	"account.sector", "account.status", "account.website", "activity.disposition",
	"activity.duration", "activity.note", "appointment.place", "appointment.start",
	"appointment.subject", "appointment.with", "opportunity.amount", "opportunity.stage",
	"prospect.attempts", "prospect.city", "prospect.comment", "prospect.country",
	"prospect.do_not_call", "prospect.email", "prospect.first_name", "prospect.job_title",
	"prospect.language", "prospect.last_disposition", "prospect.last_name", "prospect.lead_status",
	"prospect.mobile", "prospect.name", "prospect.next_action", "prospect.opt_in",
	"prospect.origin", "prospect.owner", "prospect.phone", "prospect.postal_code",
	"prospect.score", "prospect.segment", "prospect.status", "prospect.street",
	"prospect.territory", "prospect.zone",
}

var fieldNumbers = func() map[bridge.FieldName]int {
	out := make(map[bridge.FieldName]int, len(numberedFields))
	for i, name := range numberedFields {
		out[name] = i + 1
	}
	return out
}()

package obs

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"unicode/utf8"

	"passerelle/internal/secret"
)

// keys are what a log line may say. None of them ever names a field's value, a
// phone number, a note or a person's name: ids, counts, times and our own words
// only. A new key needs that said of it here.
var keys = map[string]string{
	"action":      "what was asked for, one of ours",
	"actor":       "person id, or operator",
	"addr":        "address we listen on or speak to",
	"after":       "how long to wait",
	"attempts":    "tries so far",
	"backlog":     "entries waiting",
	"bytes":       "size of a body or file",
	"campaign":    "campaign id",
	"check":       "health check",
	"client":      "client's network address",
	"component":   "part of the bridge",
	"connection":  "connection name",
	"connections": "connection names",
	"count":       "how many",
	"cycle":       "of a repeated job",
	"dir":         "folder of ours",
	"entry":       "outbox entry id",
	"err":         "an error; ours hold no values",
	"event":       "event key",
	"fence":       "of a claim",
	"fields":      "names of fields",
	"file":        "file of ours",
	"hash":        "of a policy or a ledger line",
	"hub":         "the hub's name",
	"job":         "background job",
	"kind":        "of a write, an error or an event",
	"lead":        "lead id",
	"line":        "of a file or the ledger",
	"list":        "platform list",
	"method":      "HTTP method",
	"operation":   "operation id",
	"partition":   "of the stream",
	"path":        "of a route; never the query",
	"policy":      "policy hash",
	"proposal":    "proposal id",
	"reason":      "in words of ours, or the CRM's without values",
	"request":     "request id",
	"role":        "role",
	"route":       "route pattern",
	"rule":        "rule name",
	"seed":        "of a random run",
	"signal":      "from the operating system",
	"stack":       "where a panic happened",
	"state":       "of a machine of ours",
	"status":      "HTTP status",
	"stream":      "NATS stream",
	"subject":     "NATS subject",
	"table":       "of the store",
	"team":        "team id",
	"took":        "duration",
	"url":         "address without query and user",
	"version":     "of the program, the store or a schema",
	"wait":        "how long",
	"worker":      "number of a worker",
	"writer":      "writer's name",
	"zone":        "time zone",
}

const (
	withheld  = "[withheld]"
	hidden    = "[secret]"
	maxString = 2048 // bytes of one value
)

// Formats of a log.
const (
	FormatText = "text"
	FormatJSON = "json"
)

// New makes a logger. A key that is not in [Keys] keeps its name and loses its
// value, [withheld], so that the mistake is seen; so does a value that is
// neither text, number, boolean, time, error nor a list of texts. A
// [secret.String] is written as [secret].
func New(w io.Writer, level slog.Leveler, format string) (*slog.Logger, error) {
	opts := &slog.HandlerOptions{Level: level}
	switch format {
	case FormatText:
		return slog.New(redactor{slog.NewTextHandler(w, opts)}), nil
	case FormatJSON:
		return slog.New(redactor{slog.NewJSONHandler(w, opts)}), nil
	}
	return nil, fmt.Errorf("log format %q: write %s or %s", format, FormatText, FormatJSON)
}

// redactor passes on what may be said.
type redactor struct{ next slog.Handler }

func (h redactor) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h redactor) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(redact(a))
		return true
	})
	return h.next.Handle(ctx, out)
}

func (h redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	return redactor{h.next.WithAttrs(redactAll(attrs))}
}

func (h redactor) WithGroup(name string) slog.Handler { return redactor{h.next.WithGroup(name)} }

func redactAll(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = redact(a)
	}
	return out
}

// redact judges one attribute; of a group, each of its members.
func redact(a slog.Attr) slog.Attr {
	if a.Equal(slog.Attr{}) {
		return a // handlers leave it out
	}
	if _, isSecret := a.Value.Any().(secret.String); isSecret {
		return slog.String(a.Key, hidden)
	}
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(redactAll(value.Group())...)}
	}
	if _, known := keys[a.Key]; !known {
		return slog.String(a.Key, withheld)
	}
	return slog.Attr{Key: a.Key, Value: plain(value)}
}

// plain lets simple values through.
func plain(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(short(v.String()))
	case slog.KindAny:
		return simple(v.Any())
	}
	return v
}

func simple(v any) slog.Value {
	if v == nil {
		return slog.StringValue("")
	}
	if err, ok := v.(error); ok {
		return slog.StringValue(short(err.Error()))
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return slog.StringValue(short(r.String()))
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.String {
			return slog.StringValue(short(fmt.Sprint(v)))
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return slog.Int64Value(r.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return slog.Uint64Value(r.Uint())
	}
	return slog.StringValue(withheld)
}

func short(s string) string {
	if len(s) <= maxString {
		return s
	}
	cut := maxString
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

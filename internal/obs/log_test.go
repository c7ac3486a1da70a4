package obs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
)

const canary = "canary-06-12-34-56-78"

type chatty struct{ Note string }

func (c chatty) LogValue() slog.Value { return slog.GroupValue(slog.String("note", c.Note)) }

type plainStruct struct {
	Phone string
	Token secret.String
}

func logged(t *testing.T, format string, write func(*slog.Logger)) string {
	t.Helper()
	var out bytes.Buffer
	log, err := New(&out, slog.LevelDebug, format)
	if err != nil {
		t.Fatal(err)
	}
	write(log)
	return out.String()
}

// Whatever is logged, under whatever key and in whatever wrapping: only listed
// keys with plain values come out.
func TestNothingSlipsThrough(t *testing.T) {
	t.Parallel()
	token := secret.New(canary)
	cases := []struct {
		name  string
		write func(*slog.Logger)
		says  string
	}{
		{"unknown key", func(l *slog.Logger) { l.Info("x", "phone", canary) }, withheld},
		{"unknown key by With", func(l *slog.Logger) { l.With("note", canary).Info("x") }, withheld},
		{"unknown key in a group", func(l *slog.Logger) { l.Info("x", slog.Group("event", "note", canary)) }, withheld},
		{"unknown key under WithGroup", func(l *slog.Logger) { l.WithGroup("lead").Info("x", "note", canary) }, withheld},
		{"a group of its own making", func(l *slog.Logger) { l.Info("x", "lead", chatty{canary}) }, withheld},
		{"no key", func(l *slog.Logger) { l.Info("x", "!BADKEY", canary) }, withheld},
		{"the message's key", func(l *slog.Logger) { l.Info("x", "msg", canary) }, withheld},
		{"a struct", func(l *slog.Logger) { l.Info("x", "entry", plainStruct{Phone: canary}) }, withheld},
		{"a pointer", func(l *slog.Logger) { l.Info("x", "entry", &plainStruct{Phone: canary}) }, withheld},
		{"a map", func(l *slog.Logger) { l.Info("x", "fields", map[string]string{"prospect.phone": canary}) }, withheld},
		{"bytes", func(l *slog.Logger) { l.Info("x", "event", []byte(canary)) }, withheld},
		{"a secret", func(l *slog.Logger) { l.Info("x", "err", token) }, hidden},
		{"a secret under any key", func(l *slog.Logger) { l.Info("x", "token", token) }, hidden},
		{"a secret in a text", func(l *slog.Logger) { l.Info("x", "err", fmt.Errorf("token %v", token)) }, hidden},
		{"a secret in a struct", func(l *slog.Logger) { l.Info("x", "err", plainStruct{Token: token}) }, withheld},
	}
	for _, c := range cases {
		for _, format := range []string{FormatText, FormatJSON} {
			t.Run(c.name+" as "+format, func(t *testing.T) {
				t.Parallel()
				got := logged(t, format, c.write)
				if strings.Contains(got, canary) || !strings.Contains(got, c.says) {
					t.Errorf("logged %s; want %s and no value", got, c.says)
				}
			})
		}
	}
}

func TestWhatIsLogged(t *testing.T) {
	t.Parallel()
	got := logged(t, FormatJSON, func(l *slog.Logger) {
		l.With("connection", bridge.ConnectionName("crm.main")).Info("sent",
			"entry", "01J", "attempts", 3, "took", 2*time.Second, "err", errors.New("status 503"),
			"fields", []bridge.FieldName{"prospect.status"}, "count", int32(4), "reason", nil, slog.Attr{})
	})
	var line map[string]any
	if err := json.Unmarshal([]byte(got), &line); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	delete(line, "time")
	want := map[string]any{
		"level": "INFO", "msg": "sent", "connection": "crm.main", "entry": "01J", "attempts": 3.0, "took": 2e9,
		"err": "status 503", "fields": "[prospect.status]", "count": 4.0, "reason": "",
	}
	if fmt.Sprint(line) != fmt.Sprint(want) {
		t.Errorf("logged %v; want %v", line, want)
	}
}

func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	got := logged(t, FormatText, func(l *slog.Logger) { l.Info("x", "err", errors.New("a"+strings.Repeat("é", maxString))) })
	if len(got) > maxString+200 || !strings.Contains(got, "é…") {
		t.Errorf("%d bytes, cut as %q", len(got), got[max(0, len(got)-10):])
	}
}

func TestLevelAndFormat(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := New(&out, slog.LevelWarn, FormatText)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud")
	if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "loud") {
		t.Errorf("logged %q", got)
	}
	if _, err := New(&out, slog.LevelInfo, "xml"); err == nil {
		t.Error("took the format xml")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, forbidden := range []string{"value", "phone", "number", "note", "name", "body", "token", "secret", "query", "prospect", "msg", "time", "level"} {
		for key := range keys {
			if key == forbidden {
				t.Errorf("key %q may hold what must not be logged", key)
			}
		}
	}
}

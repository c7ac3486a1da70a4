package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"passerelle/internal/problem"
)

// Whatever a client posts as an outcome, it is told what is wrong with it.
func FuzzOutcome(f *testing.F) {
	for _, body := range []string{goodOutcome, "", "null", "[]", `{"technical": "answered", "raw_code": "x", "amends": "y"}`,
		`{"technical": "answered", "disposition": "appointment_set", "next": {"kind": "appointment", "at": "2026-13-01T00:00", "zone": "../x"}}`,
		`{"technical": "busy", "disposition": "busy", "fields": {"prospect.score": 1e30, "a.b": null}}`} {
		f.Add([]byte(body), "key")
	}
	w := newWorld(f)
	path := take(w, "alice") + "/outcomes"
	f.Fuzz(func(t *testing.T, body []byte, key string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(string(body)))
		r.Header.Set("Authorization", "Bearer "+token("alice"))
		r.Header.Set(keyHeader, key)
		rec := httptest.NewRecorder()
		w.api.Routes().ServeHTTP(rec, r)
		switch {
		case rec.Code == http.StatusAccepted:
		case rec.Code < 400 || rec.Code >= 500 || rec.Header().Get("Content-Type") != problem.MediaType:
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
	})
}

func BenchmarkOutcome(b *testing.B) {
	w := newWorld(b)
	path := take(w, "alice") + "/outcomes"
	routes := w.api.Routes()
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(goodOutcome))
			r.Header.Set("Authorization", "Bearer "+token("alice"))
			r.Header.Set(keyHeader, fmt.Sprint(n.Add(1)))
			rec := httptest.NewRecorder()
			routes.ServeHTTP(rec, r)
			if rec.Code != http.StatusAccepted {
				b.Fatal(rec.Body)
			}
		}
	})
}

package api

import (
	"context"
	"net/http"

	"passerelle/internal/bilingual"
)

type languageKey struct{}

// speak keeps the language that a request asks for by Accept-Language, for what
// is answered to people. Without one, or for another, it is English.
func speak(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Language")
		lang := bilingual.Asked(r.Header.Get("Accept-Language"))
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), languageKey{}, lang)))
	})
}

// languageOf is the language of a request, "" for none.
func languageOf(ctx context.Context) string {
	lang, _ := ctx.Value(languageKey{}).(string)
	return lang
}

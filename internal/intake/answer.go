package intake

import (
	"encoding/json"
	"net/http"
)

// answer says what became of each event. What was parked is kept too: 202.
func answer(w http.ResponseWriter, results []Result) {
	raw, err := json.Marshal(struct {
		Results []Result `json:"results"`
	}{results})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(raw) // the platform that does not listen will repeat itself
}

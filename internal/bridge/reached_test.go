package bridge_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
)

// Who is added to the vocabulary is judged here too.
func TestReached(t *testing.T) {
	t.Parallel()
	var got []string
	for _, d := range bridge.Dispositions() {
		if d.Code.Reached() {
			got = append(got, string(d.Code))
		}
	}
	slices.Sort(got)
	want := []string{
		"already_customer", "appointment_set", "callback_no_date", "callback_requested", "competitor_locked", "in_discussion", "info_sent",
		"language_barrier", "not_interested", "opt_out", "out_of_target", "qualified", "refused", "sale", "transferred",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if bridge.Disposition("unheard_of").Reached() {
		t.Error("an unknown disposition reached somebody")
	}
}

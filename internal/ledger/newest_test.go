package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/store"
)

func TestNewestGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	s := chain(t, 7)
	commit(t, s, func(tx *store.Tx) error { return Append(tx, Line{At: noon, Kind: "see as", Who: "dora"}) })
	for name, c := range map[string]struct {
		filter Filter
		want   []uint64
		next   uint64
	}{
		"all":       {Filter{Limit: 10}, []uint64{8, 7, 6, 5, 4, 3, 2, 1}, 0},
		"a page":    {Filter{Limit: 3}, []uint64{8, 7, 6}, 6},
		"the next":  {Filter{Limit: 3, Before: 6}, []uint64{5, 4, 3}, 3},
		"the last":  {Filter{Limit: 3, Before: 3}, []uint64{2, 1}, 0},
		"a kind":    {Filter{Limit: 3, Kind: "see as"}, []uint64{8}, 0},
		"somebody":  {Filter{Limit: 2, Who: "alice"}, []uint64{7, 6}, 6},
		"both":      {Filter{Limit: 2, Who: "alice", Kind: "see as"}, nil, 0},
		"too early": {Filter{Limit: 2, Before: 1}, nil, 0},
	} {
		var got []uint64
		err := s.View(func(tx *store.Tx) error {
			found, next, err := Newest(tx, c.filter)
			for _, l := range found {
				got = append(got, l.N)
			}
			if next != c.next {
				t.Errorf("%s goes on at %d, want %d", name, next, c.next)
			}
			return err
		})
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

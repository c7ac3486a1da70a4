package sight

import "github.com/RoaringBitmap/roaring/v2"

// dimension is one property of leads: its values by number, and the leads that
// have each. Number 0 is the zero value, which nobody is looked for by.
type dimension[K comparable] struct {
	numbers map[K]uint32
	values  []K
	leads   []*roaring.Bitmap
}

func newDimension[K comparable]() dimension[K] {
	var none K
	return dimension[K]{numbers: map[K]uint32{none: 0}, values: []K{none}, leads: []*roaring.Bitmap{nil}}
}

// number is the value's, a new one if it has none yet.
func (d *dimension[K]) number(value K) uint32 {
	n, known := d.numbers[value]
	if !known {
		n = uint32(len(d.values))
		d.numbers[value] = n
		d.values = append(d.values, value)
		d.leads = append(d.leads, roaring.New())
	}
	return n
}

// move takes a lead from one value to another.
func (d *dimension[K]) move(lead, from, to uint32) {
	if from == to {
		return
	}
	if from != 0 {
		d.leads[from].Remove(lead)
	}
	if to != 0 {
		d.leads[to].Add(lead)
	}
}

// of are the leads that have the value, nil for none.
func (d *dimension[K]) of(value K) *roaring.Bitmap { return d.leads[d.numbers[value]] }

// pack makes the sets small.
func (d *dimension[K]) pack() {
	for _, set := range d.leads[1:] {
		set.RunOptimize()
	}
}

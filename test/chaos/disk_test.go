package chaos

import "testing"

// TestDisk gives the hub's data a disk that fails it in the ways disks do.
func TestDisk(t *testing.T) {
	bin := build(t)
	for name, fault := range map[string]func(*testing.T, string){
		"full":                  diskFull,
		"unusable at the start": cannotStart,
		"no descriptors":        noDescriptors,
		"turns read-only":       turnsReadOnly,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fault(t, bin)
		})
	}
}

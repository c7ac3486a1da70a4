package all

import "testing"

func TestNames(t *testing.T) {
	t.Parallel()
	for name, d := range Registry() {
		if d.Name != name {
			t.Errorf("the connector in folder %s calls itself %q", name, d.Name)
		}
		if d.Open == nil {
			t.Errorf("%s cannot be opened", name)
		}
	}
}

package sheet

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"passerelle/internal/bridge"
)

// BenchmarkApply is a batch of the replay's size into a file of its size.
func BenchmarkApply(b *testing.B) {
	const rows, columns = 45211, 17
	var text strings.Builder
	text.WriteString("id,Société,Téléphone" + strings.Repeat(",colonne", columns) + "\n")
	for i := range rows {
		fmt.Fprintf(&text, "%d,Société %d,01 02 %06d%s\n", i+1, i, i, strings.Repeat(",valeur", columns))
	}
	for _, size := range []int{1, 5000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			f := newFolder(b, "prospects.csv", text.String())
			serial := 0
			for b.Loop() {
				writes := make([]bridge.Write, size)
				for i := range writes {
					serial++
					writes[i] = call(fmt.Sprintf("OP%024d", serial), strconv.Itoa(serial%rows+1), 1, "no_answer")
				}
				f.must(writes...)
			}
		})
	}
}

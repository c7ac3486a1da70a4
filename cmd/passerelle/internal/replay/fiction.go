package replay

import "fmt"

// The data has neither names nor numbers. Those of a row follow from its
// number, so that every run has the same.

var firstNames = []string{
	"Adrien", "Alice", "Antoine", "Aurélie", "Benoît", "Camille", "Charlotte", "Clément", "Émilie", "Étienne",
	"Florence", "François", "Hélène", "Jérôme", "Juliette", "Léa", "Louis", "Margaux", "Mathieu", "Nathalie",
	"Noémie", "Olivier", "Paul", "Raphaël", "Sandrine", "Simon", "Théo", "Valérie", "Yann", "Zoé",
	"Samira",
}

var lastNames = []string{
	"Aubert", "Barbier", "Benoist", "Blanchard", "Boyer", "Brun", "Caron", "Chevalier", "Clément", "Da Silva",
	"Denis", "Dumas", "Dupont", "Fontaine", "Gautier", "Gérard", "Giraud", "Guérin", "Henry", "Joly",
	"Lambert", "Lefèvre", "Le Gall", "Leroux", "Marchal", "Mercier", "Meunier", "Moreau", "N'Diaye", "Perrin",
	"Petit", "Picard", "Renard", "Rivière", "Roche", "Roussel", "Schmitt",
}

// name makes up the name of row n. The lists' lengths have no common divisor:
// names repeat after 1,147 rows, as names do.
func name(n int) (first, last string) {
	return firstNames[n%len(firstNames)], lastNames[n%len(lastNames)]
}

// fictionBlocks are the numbers that France keeps for fiction, 10,000 each, as
// far as they are numbers of the current plan.
var fictionBlocks = []string{"01 99 00", "02 61 91", "03 53 01", "04 65 71", "05 36 49"}

const blockSize = 10_000

// maxRows is how many distinct numbers there are.
var maxRows = blockSize * len(fictionBlocks)

// phone makes up the number of row n; no two rows of maxRows share one.
func phone(n int) string {
	rest := (n - 1) % blockSize
	return fmt.Sprintf("%s %02d %02d", fictionBlocks[(n-1)/blockSize], rest/100, rest%100)
}

// Package bilingual holds what is said to people in both languages of those who
// use the bridge: English and French. What says something (a finding, a refusal,
// an explanation) makes it in both at once; whoever shows it picks one.
//
// It promises that a text never mixes the two: what is put into its holes is put
// in each in its own language. Called by whatever has words for people.
package bilingual

// Package bridge holds the domain's nouns: the words that every other package
// speaks. It has no behaviour beyond parsing, normalising and naming, imports
// the standard library only, and is imported by everyone.
//
// It promises that two values which a person would call equal have the same
// canonical text ([FieldDef.Parse]), that an operation id depends on nothing
// but what it names ([Operation]), and that a [Ref] is opaque: nobody but the
// connector that made it looks inside its ID.
package bridge

// Package calling decides whom one may call, and when. It is the only maker of
// E.164 numbers ([Parse]), holds the rule sets that campaigns name ([Rules]),
// and knows what an opposition is ([Oppositions]).
//
// It is pure: no I/O, no clock; now is an argument. It promises that what it
// cannot read is not callable (an error, never a guess), that a refused check
// names the rule and the next lawful moment ([Verdict]), and that an opposition
// is undone by nothing but a lift by a named person with a motive: not by a
// later event, a repeat, or another order of arrival.
//
// No error of this package holds the text it was given. Called by desk (every
// hand-out, every card for a list and every outcome), config (the rules that a
// campaign names) and api (what an opposition covers).
package calling

// Package campaign is the way down: it pulls each campaign's selection out of
// its CRM, asking only for fields that somebody on the way may read, and keeps
// the platforms' lists as the desk says they should be.
//
// It promises that a pull goes on where it was after a restart, that a card
// which has not changed is not pushed again, and that what left the selection
// or must not be called is withdrawn. Called by app.
package campaign

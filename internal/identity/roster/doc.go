// Package roster reads a list of people and says who joins, changes and leaves by
// it, compared with those whom the store knows. It is pure: what it finds is
// carried out by [identity.Accounts.Restaff].
//
// It promises that a list is taken whole or not at all, that everything wrong
// with it is named by line and column, that people of the config stay as they
// are, and that nobody leaves by a list that would let too many go.
package roster

// Package identity says who is acting: the people of the company, the tokens of
// their programs, the accounts and sessions of those who come with a browser,
// and the middleware in front of all that is served (who, client address, rate,
// body size, access log).
//
// It promises that a [Directory] is consistent (every token is a known
// person's, every login one person's) and never changes: a reload swaps it whole
// ([People.Use]), and a person who is no longer active is refused from the next
// request on. No token, query, path or body is ever logged or answered. Passwords
// are kept as argon2id, sessions under the hash of what the browser holds: who
// reads the store comes in with neither. A session is a new one at each sign-in,
// ends by itself, and with the account. Nobody learns which logins there are.
//
// Somebody may have a second factor, and their role may require it: as long as
// their session awaits its code, or that they set one up, nobody is signed in
// ([Halfway]). The seeds are sealed, no code is good twice, and recovery codes
// are kept as hashes. How many tries are left at an account outlives a restart. A
// browser in which somebody signs in for the first time is told to them in those
// that were there before. Whoever comes outside the hours or networks of their
// role is a finding in the access log.
//
// Programs come in with service tokens, which act as a person and end; people
// also by the word of the company's identity provider (package oidc), which
// opens a session for whom is known here and makes nobody.
package identity

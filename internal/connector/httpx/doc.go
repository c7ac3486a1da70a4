// Package httpx is the one outbound HTTP client. [New] makes it for one
// connection; what a connector sends through it
//
//   - costs a token a try, from the allowance in its context ([WithAllowance])
//     or else from the connection's [Bucket], and is counted;
//   - reaches no private, loopback or link-local address unless the connection
//     allows it: the resolved address is judged, at the dial;
//   - is sent again only if it is a GET that met a connection error or a
//     502–504, twice at most, and never after a 429;
//   - follows a redirect only for a GET and only on its own host;
//   - ends after a timeout and reads a bounded answer.
//
// [Classify] and [ReadJSON] turn what came back into package fault's kinds.
// Their texts hold no address, header, body or value that was sent: only the
// vendor's code and words, cut short and blanked.
//
// app makes one client, one bucket and one [Breaker] a connection; relay takes
// from the bucket for each grant and asks the breaker; connectors get the
// client in their Env.
package httpx

// Package governance keeps the active policy and the register: which policy,
// since when, why, by whom. No policy decides anything without its line.
//
// It promises that the active text is that of the register's last line, that
// this is the policy which the ledger saw become active last, that after the first line two people stand behind each (whoever proposes a policy
// is not who activates it), and that an activated policy decides from the next
// command on. It answers for what was done under them, too: to whom, [Powers] says.
// Called by app (at start), api and console.
package governance

package identity

import (
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

func TestAfterARestoreEverybodySignsInAgain(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.add("alice", goodWords)
	key := v.mustSignIn("alice", goodWords, "")
	_, _ = v.make(TokenRequest{Name: "export", Person: "alice", Connection: console, Days: 30})
	over, _ := v.make(TokenRequest{Name: "import", Person: "alice", Connection: console, Days: 30})
	if err := v.tokens.Revoke(t.Context(), operatorActor, over.ID, "lost"); err != nil {
		t.Fatal(err)
	}
	var keys int
	err := v.store.Commit(t.Context(), func(tx *store.Tx) (err error) {
		keys, err = Restored(tx, v.Accounts.opts.Now())
		return err
	})
	if err != nil || keys != 1 {
		t.Errorf("%d keys are good (%v)", keys, err)
	}
	if who := v.who(key); who != bridge.PersonID("") {
		t.Errorf("%s is signed in", who)
	}
	v.mustSignIn("alice", goodWords, "")
}

package identity

import (
	"errors"
	"time"

	"passerelle/internal/store"
)

// Restored has everybody sign in again after the store was put back from a
// backup: who was signed in then may have been shown out since. It counts the
// service tokens and the calendars' addresses that are good as they were then, of
// which the same may be true: nobody but the operator knows.
func Restored(tx *store.Tx, now time.Time) (keys int, err error) {
	var over []string
	err = sessions.Each(tx, "", "", func(key string, _ Session) (bool, error) {
		over = append(over, key)
		return true, nil
	})
	for _, key := range over {
		err = errors.Join(err, sessions.Delete(tx, key))
	}
	return keys, errors.Join(err,
		serviceTokens.Each(tx, "", "", func(_ string, t ServiceToken) (bool, error) {
			if !t.Ended(now) {
				keys++
			}
			return true, nil
		}),
		feeds.Each(tx, "", "", func(string, Feed) (bool, error) {
			keys++
			return true, nil
		}))
}

package identity

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"passerelle/internal/secret"
)

// What a password must be, and what is the longest looked at.
const (
	minPassword = 12  // characters
	maxPassword = 512 // bytes
	minDistinct = 5   // different characters
)

// Weak is a password that will not do. Its text holds nothing of it.
type Weak struct{ Why phrase }

func (e *Weak) Error() string { return e.Why.String() }

// Said is why, in both languages.
func (e *Weak) Said() phrase { return e.Why }

//go:embed common.txt
var commonText string

// common are words that passwords are made of too often.
var common = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		words[word] = true
	}
	return words
}()

// CheckPassword says whether a password will do for somebody of this login.
func CheckPassword(password secret.String, login string) error {
	text := password.Reveal()
	lower := strings.ToLower(text)
	distinct := map[rune]bool{}
	for _, r := range lower {
		distinct[r] = true
	}
	login = strings.ToLower(login)
	switch {
	case !utf8.ValidString(text):
		return &Weak{phrase{"the password is not text", "le mot de passe n'est pas du texte"}}
	case utf8.RuneCountInString(text) < minPassword:
		return &Weak{phrase{
			"the password must have at least {least} characters; any will do, so take a few words",
			"le mot de passe doit avoir au moins {least} caractères ; tous conviennent, prenez donc quelques mots",
		}.With("{least}", minPassword)}
	case len(text) > maxPassword:
		return &Weak{phrase{"the password must have at most {most} bytes", "le mot de passe doit avoir au plus {most} octets"}.With("{most}", maxPassword)}
	case len(distinct) < minDistinct:
		return &Weak{phrase{"the password repeats too few characters", "le mot de passe répète trop peu de caractères"}}
	case len(login) >= 4 && strings.Contains(lower, login):
		return &Weak{phrase{"the password must not hold the login", "le mot de passe ne doit pas contenir l'identifiant"}}
	case guessable(lower):
		return &Weak{phrase{
			"the password is among those that everybody tries first; take a few words that have nothing to do with each other",
			"le mot de passe est de ceux que tout le monde essaie d'abord ; prenez quelques mots qui n'ont rien à voir entre eux",
		}}
	}
	return nil
}

// guessable says whether a password is a common word, once or several times,
// with anything but letters around it; or one of the common ones as a whole.
func guessable(lower string) bool {
	if common[lower] {
		return true
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, lower)
	for letters != "" {
		n := longestCommon(letters)
		if n == 0 {
			return false
		}
		letters = letters[n:]
	}
	return true // nothing is left; nor was there, of digits alone
}

// longestCommon is the length of the longest common word that text begins with.
func longestCommon(text string) (n int) {
	for word := range common {
		if len(word) > n && strings.HasPrefix(text, word) {
			n = len(word)
		}
	}
	return n
}

// cost is what a guess costs: argon2id by the second of the parameter sets that
// OWASP recommends.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

var usualCost = cost{memory: 19 << 10, passes: 2, threads: 1}

const (
	saltBytes = 16
	hashBytes = 32
)

var inBase64 = base64.RawStdEncoding

// hashPassword is the password in the usual form of argon2 hashes.
func hashPassword(password secret.String) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	c := usualCost
	sum := argon2.IDKey([]byte(password.Reveal()), salt, c.passes, c.memory, c.threads, hashBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads,
		inBase64.EncodeToString(salt), inBase64.EncodeToString(sum))
}

// decoy is the hash of a password that nobody has: whoever tries an account that
// does not exist waits as long as with one that does.
var decoy = hashPassword(secret.New(rand.Text()))

var errHash = errors.New("identity: a password's hash cannot be read")

// samePassword says whether the password is that of the hash.
func samePassword(hash string, password secret.String) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHash
	}
	var version int
	var c cost
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &c.memory, &c.passes, &c.threads); err != nil || version != argon2.Version {
		return false, errHash
	}
	salt, err := inBase64.DecodeString(parts[4])
	if err != nil {
		return false, errHash
	}
	sum, err := inBase64.DecodeString(parts[5])
	if err != nil || len(sum) != hashBytes {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password.Reveal()), salt, c.passes, c.memory, c.threads, hashBytes)
	return subtle.ConstantTimeCompare(got, sum) == 1, nil
}

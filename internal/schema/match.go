package schema

import (
	"regexp"
	"time"
)

// matcher is a pattern as a function: by hand for the patterns of our events,
// else the regular expression.
func matcher(pattern string) (func([]byte) bool, error) {
	if byHand, ok := matchers[pattern]; ok {
		return byHand, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, noCheck("this pattern")
	}
	return re.Match, nil
}

// matchers say the same as the patterns that they stand under.
var matchers = map[string]func([]byte) bool{
	`^[^\x00-\x1f\x7f]*$`:       noControls,
	`^[a-z]+\.[a-z][a-z0-9_]*$`: isFieldName,
	momentPattern:               isMoment,
	slotPattern:                 isSlot,
	`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`: isZone,
}

const (
	momentPattern = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`
	slotPattern   = `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?$`
)

func noControls(s []byte) bool {
	for _, b := range s {
		if b < ' ' || b == 0x7f {
			return false
		}
	}
	return true
}

func isLower(b byte) bool { return b >= 'a' && b <= 'z' }
func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isFieldName(s []byte) bool {
	i := run(s, isLower)
	if i == 0 || i+1 >= len(s) || s[i] != '.' || !isLower(s[i+1]) {
		return false
	}
	rest := s[i+2:]
	return run(rest, func(b byte) bool { return isLower(b) || isDigit(b) || b == '_' }) == len(rest)
}

// run is how many bytes there are of a kind at the beginning.
func run(s []byte, is func(byte) bool) int {
	for i, b := range s {
		if !is(b) {
			return i
		}
	}
	return len(s)
}

func inZone(b byte) bool {
	return isLower(b) || isDigit(b) || b >= 'A' && b <= 'Z' || b == '_' || b == '+' || b == '-'
}

func isZone(s []byte) bool {
	for first := true; ; first = false {
		n := run(s, inZone)
		letter := n > 0 && (isLower(s[0]|0x20) && s[0] != '_')
		if n == 0 || first && !letter {
			return false
		}
		if s = s[n:]; len(s) == 0 {
			return true
		}
		if s[0] != '/' {
			return false
		}
		s = s[1:]
	}
}

// shape says whether s begins with a shape, in which 0 is any digit and all else
// itself; rest is what follows.
func shape(s []byte, of string) (rest []byte, ok bool) {
	if len(s) < len(of) {
		return s, false
	}
	for i := range len(of) {
		if of[i] == '0' && !isDigit(s[i]) || of[i] != '0' && s[i] != of[i] {
			return s, false
		}
	}
	return s[len(of):], true
}

// two is the number that two digits are.
func two(s []byte) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

func isMoment(s []byte) bool {
	rest, ok := shape(s, "0000-00-00T00:00:00")
	if !ok || two(s[11:]) > 23 || s[14] > '5' || s[17] > '5' {
		return false
	}
	rest, ok = fraction(rest)
	return ok && isOffset(rest)
}

func isSlot(s []byte) bool {
	rest, ok := shape(s, "0000-00-00T00:00")
	if !ok || two(s[5:]) < 1 || two(s[5:]) > 12 || two(s[8:]) < 1 || two(s[8:]) > 31 || two(s[11:]) > 23 || s[14] > '5' {
		return false
	}
	if seconds, ok := shape(rest, ":00"); ok {
		if rest[1] > '5' {
			return false
		}
		if rest, ok = fraction(seconds); !ok {
			return false
		}
	}
	return len(rest) == 0 || isOffset(rest)
}

// fraction goes over a decimal fraction, if there is one.
func fraction(s []byte) (rest []byte, ok bool) {
	if len(s) == 0 || s[0] != '.' {
		return s, true
	}
	n := run(s[1:], isDigit)
	return s[1+n:], n >= 1 && n <= 9
}

func isOffset(s []byte) bool {
	if len(s) == 1 {
		return s[0] == 'Z'
	}
	if len(s) == 0 || s[0] != '+' && s[0] != '-' {
		return false
	}
	rest, ok := shape(s[1:], "00:00")
	return ok && len(rest) == 0
}

// isDateTime is the format date-time in the form that the pattern of a moment
// lets through; another form is not sure to be one.
func isDateTime(s []byte) bool {
	if !isMoment(s) {
		return false
	}
	year, month, day := two(s)*100+two(s[2:]), two(s[5:]), two(s[8:])
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return false
	}
	last := s[len(s)-1]
	return last == 'Z' || two(s[len(s)-5:]) <= 23 && two(s[len(s)-2:]) <= 59
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

package calling

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// Number is a phone number in E.164: "+33612345678". Only [Parse] and
// [ParseAll] make one; equal numbers are equal texts.
type Number string

// ErrNumber is what every text that is no phone number fails with.
var ErrNumber = errors.New("not a phone number")

// maxRaw is the longest text that may hold numbers, in bytes. What is longer is
// a note, not a number.
const maxRaw = 250

// Parse reads one phone number as people type it: with or without spaces, dots,
// a label, "(0)", 00 for +, a lost leading zero, or as a spreadsheet's
// 6.12345678E8 when no digit is missing from it. Region is the ISO 3166 country
// ("FR") in which a number without a country code is meant; with "" only
// international numbers are taken.
func Parse(raw, region string) (Number, error) {
	region, err := knownRegion(region)
	if err != nil {
		return "", err
	}
	return parse(raw, region)
}

// ParseAll reads every number of a cell, in order, each once. Numbers stand
// apart by a line end, ";", "|", "/", "," or a word between them. The error says
// how many parts were not understood; the numbers of the others are given all
// the same.
func ParseAll(raw, region string) ([]Number, error) {
	region, err := knownRegion(region)
	if err != nil {
		return nil, err
	}
	if len(raw) > 4*maxRaw {
		return nil, fmt.Errorf("%w: the text is longer than %d bytes", ErrNumber, 4*maxRaw)
	}
	var out []Number
	bad := 0
	for _, part := range between.Split(raw, -1) {
		if strings.TrimSpace(part) == "" {
			continue
		}
		numbers, ok := parsePart(part, region)
		if !ok {
			bad++
		}
		for _, n := range numbers {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	switch {
	case bad > 0:
		return out, fmt.Errorf("%w: %d of the cell's parts", ErrNumber, bad)
	case len(out) == 0:
		return nil, fmt.Errorf("%w: empty", ErrNumber)
	}
	return out, nil
}

// between always separates numbers; the separators of parsePart may also stand
// inside one.
var between = regexp.MustCompile(`(?i)[;|&\r\n]+|\s(?:ou|et|or|and)\s`)

// parsePart reads text that may be one number, or several that stand apart by a
// sign which some people write inside numbers. All must be numbers then.
func parsePart(part, region string) ([]Number, bool) {
	if n, err := parse(part, region); err == nil {
		return []Number{n}, true
	}
	for _, sep := range []string{"/", ",", " - ", " "} {
		pieces := strings.Split(part, sep)
		if len(pieces) == 1 {
			continue
		}
		if numbers, ok := parseEach(pieces, region); ok {
			return numbers, true
		}
	}
	return nil, false
}

func parseEach(pieces []string, region string) ([]Number, bool) {
	var out []Number
	for _, piece := range pieces {
		if strings.TrimSpace(piece) == "" {
			continue
		}
		n, err := parse(piece, region)
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, len(out) > 0
}

func knownRegion(region string) (string, error) {
	region = strings.ToUpper(strings.TrimSpace(region))
	if region == "" {
		return phonenumbers.UNKNOWN_REGION, nil
	}
	if phonenumbers.GetCountryCodeForRegion(region) == 0 {
		return "", fmt.Errorf("region: not the ISO 3166 code of a country, such as FR")
	}
	return region, nil
}

// parse expects a known region.
func parse(raw, region string) (Number, error) {
	text, err := clean(raw)
	if err != nil {
		return "", err
	}
	parsed, err := phonenumbers.Parse(text, region)
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return "", fmt.Errorf("%w: without a country code, and no country is set", ErrNumber)
	case err != nil:
		return "", fmt.Errorf("%w: too short, too long, or other signs in it", ErrNumber)
	}
	if home := overseas(parsed); home != nil {
		parsed = home
	}
	if !phonenumbers.IsValidNumber(parsed) {
		return "", fmt.Errorf("%w: nobody can have it in its country", ErrNumber)
	}
	return Number(phonenumbers.Format(parsed, phonenumbers.E164)), nil
}

// Spreadsheets turn numbers into floats.
var (
	scientific = regexp.MustCompile(`^(\d)[.,](\d+)[eE]\+?(\d{1,2})$`)
	wholeFloat = regexp.MustCompile(`^(\+?\d{8,15})[.,]0+$`)
	extension  = regexp.MustCompile(`(?i)\s*(?:\bposte|\bextension|\bext|\bx|#)\s*[.:]?\s*\d{1,6}\s*$`)
)

// clean takes away what people and spreadsheets put around a number. What is
// left has digits and the signs that may stand between them.
func clean(raw string) (string, error) {
	if len(raw) > maxRaw {
		return "", fmt.Errorf("%w: the text is longer than %d bytes", ErrNumber, maxRaw)
	}
	text := strings.TrimSpace(strings.Map(plain, raw))
	if m := scientific.FindStringSubmatch(text); m != nil {
		return unfold(m[1], m[2], m[3])
	}
	if m := wholeFloat.FindStringSubmatch(text); m != nil {
		return m[1], nil
	}
	text = extension.ReplaceAllString(text, "")
	start := strings.IndexAny(text, "+0123456789")
	end := strings.LastIndexAny(text, "0123456789") + 1
	if end == 0 { // otherwise start < end: at the latest, the last digit itself
		return "", fmt.Errorf("%w: no digits", ErrNumber)
	}
	text = text[start:end]
	text = strings.ReplaceAll(text, ",", " ")
	if i := strings.IndexFunc(text, foreign); i >= 0 {
		return "", fmt.Errorf("%w: letters or other signs between the digits", ErrNumber)
	}
	return text, nil
}

// plain brings digits, spaces and dashes of any script to ASCII, and drops
// characters that cannot be seen.
func plain(r rune) rune {
	switch {
	case r >= '0' && r <= '9':
		return r
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	case r == '＋':
		return '+'
	case unicode.IsSpace(r), r == '_', r == '·', r == '•':
		return ' '
	case unicode.Is(unicode.Pd, r) || r == '−':
		return '-'
	case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
		return -1
	}
	return r
}

// foreign says that a rune cannot stand inside a number.
func foreign(r rune) bool { return !strings.ContainsRune("+0123456789 .-/()[]", r) }

// unfold writes d.fEn as digits. With fewer decimals than the exponent the
// spreadsheet has lost digits, or their number cannot be known.
func unfold(first, decimals, exponent string) (string, error) {
	if strings.TrimLeft(exponent, "0") != fmt.Sprint(len(decimals)) {
		return "", fmt.Errorf("%w: a spreadsheet cut its digits; format the column as text and enter it again", ErrNumber)
	}
	return first + decimals, nil
}

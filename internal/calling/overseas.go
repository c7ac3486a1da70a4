package calling

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// French overseas departments dial like the mainland, 0690 12 34 56, but have
// country codes of their own. The same line must have the same E.164 however it
// was written, or an opposition to one form would miss the other.
var overseasPrefixes = map[string]int32{
	"590": 590, "690": 590, "691": 590, // Guadeloupe
	"594": 594, "694": 594, // Guyane
	"596": 596, "696": 596, "697": 596, // Martinique
	"262": 262, "692": 262, "693": 262, // La Réunion
	"269": 262, "639": 262, // Mayotte
}

// overseas is the number under its department's country code, nil if it is no
// French number of one.
func overseas(n *phonenumbers.PhoneNumber) *phonenumbers.PhoneNumber {
	const france = 33
	national := strconv.FormatUint(n.GetNationalNumber(), 10)
	if n.GetCountryCode() != france || len(national) != 9 {
		return nil
	}
	code, ok := overseasPrefixes[national[:3]]
	if !ok {
		return nil
	}
	home := phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: n.NationalNumber}
	if !phonenumbers.IsValidNumber(&home) {
		return nil
	}
	return &home
}

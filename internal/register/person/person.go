package person

import (
	"time"

	"khue/internal/kernel/id"
)

// ID names a person inside the program.
type ID = id.Of[Person]

// Person is somebody as the city was told last. Number never changes.
type Person struct {
	ID      ID
	Number  Number
	Facts   Facts
	Seen    time.Time // when they were remembered last
	Version int64
}

// Facts are what is known of a person beside the number. Empty where it was not told.
type Facts struct {
	Old     string `json:"old,omitempty"` // nine digits
	Name    string `json:"name"`
	Born    string `json:"born,omitempty"` // ISO date
	Sex     string `json:"sex,omitempty"`  // male, female
	Address string `json:"address,omitempty"`
	Issued  string `json:"issued,omitempty"` // ISO date of the card
	Phone   string `json:"phone,omitempty"`  // digits
	Email   string `json:"email,omitempty"`
}

// FactsOf are the facts of a card.
func FactsOf(c Card) Facts {
	f := Facts{Old: c.Old, Name: c.Name, Born: c.Born.String(), Sex: "male", Address: c.Address, Issued: c.Issued.String()}
	if c.Female {
		f.Sex = "female"
	}
	return f
}

// over lays what was told now over what was known: nothing is forgotten because it was not
// asked this time.
func (f Facts) over(old Facts) Facts {
	for _, p := range [...][2]*string{
		{&f.Old, &old.Old}, {&f.Name, &old.Name}, {&f.Born, &old.Born}, {&f.Sex, &old.Sex},
		{&f.Address, &old.Address}, {&f.Issued, &old.Issued}, {&f.Phone, &old.Phone}, {&f.Email, &old.Email},
	} {
		if *p[0] == "" {
			*p[0] = *p[1]
		}
	}
	return f
}

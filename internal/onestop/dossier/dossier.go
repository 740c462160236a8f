package dossier

import (
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/id"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/mandate"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// ID names a dossier inside the program; people use its Code.
type ID = id.Of[Dossier]

// Dossier is one application and where it stands. It changes only through
// Submit, Act, Supplement, Withdraw and Relocate, each one transaction. Code, Service,
// Package, Procedure, Case and SubmittedAt never change. Whether it is late is
// computed, see Late.
type Dossier struct {
	ID        ID
	Code      string
	Service   string // id of the declared service
	Package   string // digest of the version that it was filed under
	Procedure string // national code
	Case      string // of the procedure
	State     process.State
	Channel   service.Channel

	Reception orgunit.UnitID // where it was handed in
	Receiving orgunit.UnitID // agency whose one-stop handles it
	Competent orgunit.UnitID // agency that decides

	Submitter int64  // account; 0 where nobody signed in
	Applicant string // name as shown
	Phone     string // digits
	Mail      bool   // the applicant gave an e-mail address: notices go there

	SubmittedAt time.Time
	ReceiveBy   time.Time // until when the one-stop accepts, asks or refuses
	AcceptedAt  time.Time // zero before acceptance
	DueAt       time.Time // the promised instant; zero before acceptance
	ClosedAt    time.Time // the result was ready, or the dossier ended without one
	PausedAt    time.Time // the count stands still since; zero while it runs
	UnpaidAt    time.Time // a fee is due since and has not come; zero where nothing is owed

	Parent      ID  // the dossier that opened it as its child; 0 for most
	ParentToken int // of the parent's instance

	// Heritage is nil for a dossier whose units are those that it was filed with.
	Heritage *Heritage

	// Did is who fulfilled which duty.
	Did record

	Instance process.Instance
	Version  int64
}

// Late reports whether the promise is broken at an instant. A result that waits
// for its owner and a dossier that waits for its applicant are not late.
func (d Dossier) Late(now time.Time) bool {
	if d.DueAt.IsZero() || !d.PausedAt.IsZero() {
		return false
	}
	if !d.ClosedAt.IsZero() {
		return d.ClosedAt.After(d.DueAt)
	}
	return now.After(d.DueAt)
}

// Party is a person of the dossier as they named themselves.
type Party struct {
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Email    string `json:"email,omitempty"`
	Capacity string `json:"capacity,omitempty"` // of a submitter: self, parent, authorised
}

// Delivery is how the applicant wants the result.
type Delivery struct {
	Method  string `json:"method"`            // counter, post, online
	Address string `json:"address,omitempty"` // of post
}

// Filing is what was said beside the form.
type Filing struct {
	Applicant Party    `json:"applicant"`
	Submitter Party    `json:"submitter"`
	Delivery  Delivery `json:"delivery"`
	Copies    int      `json:"copies"`
	Lang      string   `json:"lang"`             // of notices
	Erased    bool     `json:"erased,omitempty"` // its term is over: nothing of it is left
	// Behalf is nil where the applicant acts themselves.
	Behalf *Behalf `json:"behalf,omitempty"`
}

// Content is the part of a dossier that is large and read seldom.
type Content struct {
	Answers form.Answers
	Papers  []form.File
	Filing  Filing
	Officer form.Answers // what officers filled in, by path
}

// Submission is a dossier about to be filed.
type Submission struct {
	Service   string
	Case      string // empty: the first of the service
	Unit      string // place of reception: id or code of a unit today; empty: the competent one
	Channel   service.Channel
	Applicant Party
	Submitter Party // the zero value: the applicant themselves
	Answers   form.Answers
	Papers    []form.File
	Delivery  Delivery
	Copies    int
	Lang      string

	// Lacking lets a counter file although papers are missing, so that the applicant gets the
	// request to complete it, or the refusal, in writing: forms 02 and 03 carry a code.
	Lacking bool `json:",omitempty"`

	// Mandate is by which the one who files acts for the applicant; 0 for themselves.
	Mandate mandate.ID `json:",omitzero"`
	// Person is who stands at the counter; 0 where that is not known. Online it is the account's.
	Person person.ID `json:",omitzero"`

	// Key is the client's request id: the same key and the same submission is one dossier.
	Key string
	// Occurred is when it happened where it is entered after the fact; zero: now.
	Occurred time.Time
}

// Filed answers a submission.
type Filed struct {
	ID        ID
	Code      string
	State     process.State
	ReceiveBy time.Time
	Promise   string // signed promise of inclusion in the journal
	Key       string // lets its bearer track the dossier, see AccessKey
	Warnings  int    // things the officer will look at

	// Task is the first task, where the one who filed may act on it (a clerk at the counter).
	Task        TaskID
	TaskVersion int64
}

// day is the day that units and versions are read on.
func (d Dossier) day() clock.Date { return clock.DateOf(d.SubmittedAt) }

package service

import (
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/id"
)

// SubmissionID names a submission.
type SubmissionID = id.Of[Submission]

// Stage is how far a submitted package has come.
type Stage string

// The stages. A rejected version may be submitted anew; a published one never changes.
const (
	Submitted Stage = "submitted"
	Reviewed  Stage = "reviewed"  // a second person found it good
	Published Stage = "published" // in force from a day
	Retired   Stage = "retired"   // no new dossiers from a day on; old ones keep it
	Rejected  Stage = "rejected"
)

// Submission is a package that somebody handed in, and what became of it.
type Submission struct {
	ID        SubmissionID
	Service   string
	Version   string
	Digest    string
	Procedure string
	Author    string // name of the key that signed it
	Stage     Stage

	SubmittedBy   int64
	SubmittedName string
	SubmittedAt   time.Time
	ReviewedBy    int64 // 0 before
	ReviewedName  string
	ReviewedAt    time.Time
	PublishedBy   int64
	PublishedName string
	PublishedAt   time.Time
	From          clock.Date // first day in force; zero before publication
	Until         clock.Date // first day on which it is no more; zero while it is
	RetiredBy     int64
	RetiredName   string
	Reason        string // of the rejection or the retirement

	Row int64 // version of the row, for those who act on what they saw
}

// Kinds of journal entries about a submission.
const (
	KindSubmitted = "service.submitted"
	KindReviewed  = "service.reviewed"
	KindRejected  = "service.rejected"
	KindPublished = "service.published"
	KindRetired   = "service.retired"
	KindAuthor    = "service.author"

	// SubjectType is the journal subject of a submission.
	SubjectType = "service.submission"
)

// Event is the payload of these entries.
type Event struct {
	Service string `json:"service,omitempty"`
	Version string `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
	Author  string `json:"author,omitempty"`
	From    string `json:"from,omitempty"`
	Until   string `json:"until,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

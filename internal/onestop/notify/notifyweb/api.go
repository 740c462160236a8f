package notifyweb

import (
	"context"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/sms"
	"khue/internal/kernel/web"
	"khue/internal/onestop/notify"
)

// entryJSON is a notice of the inbox.
type entryJSON struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind" enum:"course,asked,decision,work,order,warning,digest"`
	Title   string     `json:"title"`
	Text    string     `json:"text"`
	Link    string     `json:"link,omitempty" doc:"A path of this site."`
	Created time.Time  `json:"created"`
	Read    *time.Time `json:"read,omitempty" doc:"Absent while it is unread."`
}

type inboxInput struct {
	web.Page
	Unread bool `query:"unread" doc:"Only what is unread."`
}

type inboxOutput struct {
	Unread int `header:"X-Unread" doc:"Unread notices, a thousand at most."`
	Body   web.List[entryJSON]
}

func (h handlers) apiInbox(ctx context.Context, in *inboxInput) (*inboxOutput, error) {
	var before notify.EntryID
	if _, err := web.ReadCursor(in.Cursor, &before); err != nil {
		return nil, err
	}
	list, more, err := h.svc.Inbox(ctx, before, in.Unread, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &inboxOutput{Body: web.List[entryJSON]{Items: make([]entryJSON, 0, len(list))}}
	for _, e := range list {
		j := entryJSON{ID: e.ID.String(), Kind: string(e.Kind), Title: e.Title, Text: e.Body, Link: e.Link, Created: e.Created}
		if !e.Read.IsZero() {
			j.Read = &e.Read
		}
		out.Body.Items = append(out.Body.Items, j)
	}
	if more {
		out.Body.Next = web.NewCursor(list[len(list)-1].ID)
	}
	out.Unread, err = h.svc.Unread(ctx)
	return out, err
}

type readInput struct {
	web.Keyed
	ID string `path:"id" maxLength:"20"`
}

func (h handlers) apiRead(ctx context.Context, in *readInput) (*struct{}, error) {
	v, err := id.Parse[notify.Entry](in.ID)
	if err != nil {
		return nil, errs.E(errs.NotFound, "notify.notFound", errs.Cause(err))
	}
	return nil, h.svc.Read(ctx, v)
}

type receiptInput struct {
	web.Keyed
	Body struct {
		ID    string `json:"id" minLength:"1" maxLength:"100" doc:"The gateway's name for the message."`
		State string `json:"state" enum:"delivered,failed"`
	}
}

func (h handlers) apiReceipt(ctx context.Context, in *receiptInput) (*struct{}, error) {
	return nil, h.svc.Receipt(ctx, sms.Receipt{Ref: in.Body.ID, Delivered: in.Body.State == "delivered"})
}

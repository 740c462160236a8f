// Package health is the page of those who keep the program running (/admin/health): what
// fails, what waits and how long, which jobs gave up, what is slow, how the machine and the
// database are; and the act of giving such a job another round or of striking it out.
//
// It owns no table: the kernel counts, the journal keeps who decided. What must not come
// here: figures of the work itself (a leader's page) and anything about one person.
package health

// Package waitingweb is the page of a waiting line. It refreshes itself without scripts, at
// intervals that grow with the line, and by a short question where scripts run; neither costs
// a look into the database.
package waitingweb

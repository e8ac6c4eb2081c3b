package ffd_test

import "time"

// clock is the moment at which tests make documents.
var clock = time.Date(2024, 9, 17, 18, 1, 0, 0, time.FixedZone("", 10*3600))

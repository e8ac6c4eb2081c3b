package main

import "github.com/fiscalbench/fiscalbench/fiscal"

// regNumber fits the user and the factory number of TestServe.
var regNumber = fiscal.MakeRegNumber(1, "7702203276", "0001")

Feature: Post-fiscal transfer
  A drive that is closed goes on sending what it holds; only then does it become a mere archive.

  Background:
    Given a registered register of FFD 1.2
    And the register trades for 1 day with 2 receipts a day

  Rule: In post-fiscal mode documents are sent as before (fn.md FN-011)

    @case:O-055 @must
    Scenario: The closing is sent after two days of outage
      Given the operator is out of reach
      And the register closes the archive
      When 2 days pass
      And the operator comes back and gets what has piled up
      Then the operator shows the drive as closed
      And the operator received document 6 2 days after it was made
      And the operator has no remarks

    @case:K-055 @must
    Scenario: The last confirmation ends the transfer
      Given the operator is out of reach
      When the register closes the archive
      Then the drive is in post-fiscal mode
      And the drive holds 1 unsent document
      When the operator comes back and gets what has piled up
      Then the drive is in archive mode

  Rule: In post-fiscal mode nothing is settled, and the state is still reported (fn.md 3.1)

    @case:K-056 @must
    Scenario: A sale after closing
      Given the register closes the archive and sends it
      When the register opens a shift
      Then the register refuses because of "ФН закрыт"

    @case:postfiscal/state-report @must
    Scenario: A state report after closing
      Given the operator is out of reach
      And the register closes the archive
      When the register makes a state report
      And the operator comes back and gets what has piled up
      Then the last document is a state report with number 7
      And the operator keeps every document of the drive
      And the operator has no remarks

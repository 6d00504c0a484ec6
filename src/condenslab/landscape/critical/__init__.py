"""Critical points of dense networks: searched, decided, certified, listed; what splitting and kinks make of them."""

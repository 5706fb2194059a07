package cu

// ResultNames are the names that the package knows without a driver.
var ResultNames = resultNames

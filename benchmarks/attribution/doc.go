// Package attribution measures the attribution models: rules a touch, the chain, set
// games, the time-at-risk models, and reading paths.
//
// Sets are synthetic: 1 + geometric length of mean 4 capped at 60, 50 channels with Zipf
// weights of exponent .8, 20 % convert. TABI_JOURNEYS sets their size, default a million.
// peer.sh compares with ChannelAttribution.
package attribution

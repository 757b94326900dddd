# The gap between samples and prediction against width, from what build/bench/agreement prints:
#
#   gnuplot -c bench/agreement.gp TABLE FIGURE.png
#
# Left: percentiles over all cells. Right: what is left of the gaps at the first width; where twice its error exceeds it,
# an arrow hangs from the upper end of the interval.
table = ARG1
set terminal pngcairo size 1500,680 enhanced font 'Sans,15'
set output ARG2
set multiplot layout 1,2
set logscale xy
set logscale x 2
set format x '2^{%L}'
set border 3
set tics nomirror
set grid y lc rgb '#E4E4E4'
set xlabel 'width d'
stats table index 0 using 1 every ::1 nooutput
first = STATS_min
set xrange [first / 1.3 : STATS_max * 1.3]

set title 'gap between samples and prediction'
set ylabel '|measured / predicted - 1|   (%)'
set key top right Left reverse
plot for [c = 6:4:-1] table index 0 every ::1 using 1:c with linespoints lw 2 pt 2*c + 1 \
         lc rgb word('#707070 #0072B2 #D55E00', c - 3) title word('median 90th 99th', c - 3), \
     table index 0 every ::1 using 1:8 with lines dt 2 lw 2 lc rgb '#000000' title 'its sampling error (median)'

resolved(share, error) = share > 2 * error
set title sprintf('what is left of the gap at d = %d', first)
set ylabel 'share of the gap'
set key bottom left
plot [][first / STATS_max / 4 : 2] \
     first / x with lines dt 2 lc rgb '#707070' title '1/d', \
     table index 0 every ::1 using 1:(resolved($10, $11) ? $10 : NaN):11 with yerrorbars pt 7 lw 2 lc rgb '#0072B2' \
         title 'all cells together, one standard error', \
     table index 0 every ::1 using 1:(resolved($10, $11) ? NaN : $10 + 2 * $11):(0):(-($10 + 2 * $11) / 2) \
         with vectors lw 2 lc rgb '#D55E00' title 'below (two standard errors)'
unset multiplot

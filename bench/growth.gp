# Time of a conditioned sample against width, tokens and depth, from what build/bench/conditioned prints:
#
#   gnuplot -c bench/growth.gp TABLE FIGURE.png
#
# The exponents are fitted to the last four points of each curve, as the bench does.
table = ARG1
points(name) = sprintf("< awk '$1 == \"%s\" { on = 1; next } $1 == \"exponent\" { on = 0 } on { print $1, $2 }' '%s'", name, table)
setting(name) = system(sprintf("awk '$1 == \"%s\" { sub(/^[^ ]+ +/, \"\"); print }' '%s'", name, table))

set terminal pngcairo size 1800,680 enhanced font 'Sans,15'
set output ARG2
set multiplot layout 1,3
set logscale xy
set format x '10^{%L}'
set fit quiet logfile '/dev/null'
set format y '10^{%L}'
set key top left
set border 3
set tics nomirror
set grid y lc rgb '#E4E4E4'
line(x) = a + b*x
do for [name in "width tokens layers"] {
    stats points(name) using 1 nooutput
    least = STATS_records - 4
    fit line(x) points(name) using (log($1)):(log($2)) every ::least via a, b
    set title sprintf("exponent %.2f of the last four", b) enhanced
    set xlabel sprintf("%s  (others: %s)", name, setting(name)) font ',8' noenhanced
    set ylabel 'processor time of a sample  (s)'
    plot points(name) using 1:2 with linespoints pt 7 lc rgb '#0072B2' lw 2 title 'measured', \
         exp(line(log(x))) with lines dt 2 lc rgb '#707070' title sprintf('x^{%.2f}', b)
}
unset multiplot
